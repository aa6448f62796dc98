-- GET of a page, with a session.
wrk.headers["cookie"] = os.getenv("SESSION")
done = function(summary, latency)
  local json = '{"requests":%d,"seconds":%.6f,"p50":%.3f,"p99":%.3f,"refused":%d}\n'
  io.write(string.format(json, summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, summary.errors.status))
end
