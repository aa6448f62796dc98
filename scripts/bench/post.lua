-- POST /v1/receipts, or batches of them, with the keys of as many tenants as asked for, one after the other.
local keys, limit, at = {}, tonumber(os.getenv("TENANTS")), 0
for key in io.lines(os.getenv("KEYS")) do keys[#keys + 1] = key end
local batch = tonumber(os.getenv("BATCH"))
local body = '{"kind":"transaction","reference":"order-1001","amount":{"value":"49.90","currency":"EUR"},"data":{"customer":"c-17","items":2,"note":"two hundred bytes, about what a purchase has to say for itself in real life"}}'
local path = "/v1/receipts"
if batch > 1 then
  body, path = '{"receipts":[' .. string.rep(body .. ",", batch - 1) .. body .. "]}", "/v1/receipts/batch"
end
request = function()
  at = at % limit + 1
  return wrk.format("POST", path, { ["authorization"] = "Bearer " .. keys[at], ["content-type"] = "application/json" }, body)
end
done = function(summary, latency)
  local json = '{"requests":%d,"seconds":%.6f,"p50":%.3f,"p99":%.3f,"refused":%d}\n'
  io.write(string.format(json, summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, summary.errors.status))
end
