// Receipts a second, latency, CPU, memory, anchoring and witnessing, verification and fsck: one run on this machine, with
// PostgreSQL (fsync on) and the load beside the server. Figures are for ratios; they gate nothing.
// The parts: single, open, batch, page, anchoring, fsck, orgs, verify.
// BENCH_SECONDS (8), BENCH_ORGS (10,000; the first 64 carry the load of most lines), BENCH_ONLY (names of parts).
import { spawn, spawnSync, execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const seconds = Number(process.env.BENCH_SECONDS ?? 8);
const orgs = Number(process.env.BENCH_ORGS ?? 10_000);
const only = process.env.BENCH_ONLY?.split(',');
const binary = process.env.CERTNODE_BINARY ?? 'target/release/certnode';
const HOT = 64;
const PORT = 3220;
const url = `http://127.0.0.1:${PORT}`;
const dir = mkdtempSync(join(tmpdir(), 'certnode-bench-'));
chmodSync(dir, 0o755);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const say = (name, text) => console.log(`${name.padEnd(44)} ${text}`);
const per = (count) => Math.round(count).toLocaleString('en');
const percentile = (values, p) => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor((values.length * p) / 100))];

const children = new Set();
const start = (args, env = {}) => {
  const log = openSync(`${dir}/log`, 'a');
  const child = spawn(binary, args, { env: { ...process.env, CERTNODE_LOG_FILTER: 'warn', ...env }, stdio: ['ignore', log, log] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
};
const stop = (child) =>
  new Promise((done) => {
    child.once('exit', done);
    child.kill('SIGTERM');
  });
const environment = { CERTNODE_DATA_DIR: `${dir}/data`, LEPTOS_SITE_ADDR: `127.0.0.1:${PORT}`, DATABASE_URL: '' };
const serve = async (env = {}) => {
  const child = start(['serve'], { ...environment, ...env });
  for (;;) {
    if (child.exitCode !== null) throw new Error(readFileSync(`${dir}/log`, 'utf8'));
    if ((await fetch(`${url}/readyz`).catch(() => null))?.ok) return child;
    await sleep(10);
  }
};

const stat = (pid) => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ').map(Number);
    return { parent: fields[1], own: fields[11] + fields[12], children: fields[13] + fields[14] };
  } catch {
    return { parent: 0, own: 0, children: 0 };
  }
};
/** CPU-seconds so far: of the server, and of its PostgreSQL with all that has ended of it. */
const cpu = (server) => {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
  const postmaster = Number(readFileSync(`${dir}/data/postgres/postmaster.pid`, 'utf8').split('\n')[0]);
  const backends = pids.filter((pid) => stat(pid).parent === postmaster).map((pid) => stat(pid).own);
  const { own, children } = stat(postmaster);
  return { server: stat(server.pid).own / 100, postgres: (own + children + backends.reduce((sum, ticks) => sum + ticks, 0)) / 100 };
};
const resident = (server) => Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]) / 1024);

const form = (path, fields, cookie) =>
  fetch(url + path, { method: 'POST', redirect: 'manual', body: new URLSearchParams(fields), headers: { accept: 'application/json', ...(cookie && { cookie }) } });
const keys = [];
let session;
const signUp = async (n) => {
  const signedUp = await form('/sign-up', { name: 'Bench', email: `bench${n}@example.com`, password: 'correct horse battery', organisation: `Bench ${n}` });
  const cookie = signedUp.headers.get('set-cookie').split(';')[0];
  session ??= cookie;
  keys[n] = (await (await form('/fn/app/keys/api/create_api_key', { name: 'bench', mode: 'test' }, cookie)).json()).secret;
};
const signUpAll = async (from, to) => {
  let next = from;
  const one = async () => {
    while (next < to) await signUp(next++);
  };
  await Promise.all([one(), one(), one(), one()]);
  writeFileSync(`${dir}/keys`, keys.join('\n'));
};
const api = async (key, path, body) => {
  const answer = await fetch(url + path, { method: body ? 'POST' : 'GET', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer.json();
};

const wrk = (server, name, { script = 'post', path = '/', tenants = 1, connections, batch = 1, unit = 'receipts' }) =>
  new Promise((done) => {
    const before = cpu(server);
    const env = { ...process.env, KEYS: `${dir}/keys`, SESSION: session, TENANTS: String(tenants), BATCH: String(batch) };
    const child = spawn('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '-s', `scripts/bench/${script}.lua`, url + path], { env });
    let out = '';
    child.stdout.on('data', (data) => (out += data));
    child.once('exit', () => {
      const { requests, seconds, p50, p99, refused } = JSON.parse(out.trim().split('\n').pop());
      const after = cpu(server);
      const count = requests * batch;
      const spent = (who) => `${per(count / (after[who] - before[who]))}`;
      say(name, `${per(count / seconds).padStart(7)}/s  p50 ${p50.toFixed(1).padStart(5)}  p99 ${p99.toFixed(1).padStart(6)} ms  refused ${refused}  ${unit} per CPU-second: server ${spent('server')}, PostgreSQL ${spent('postgres')}  resident ${resident(server)} MB`);
      done(count / seconds);
    });
  });

/** So many a second whatever is answered; a late answer counts from when its request was due. */
const openLoop = (server, rate, key) => {
  const body = '{"kind":"transaction","reference":"order-1001","amount":{"value":"49.90","currency":"EUR"},"data":{"customer":"c-17","items":2}}';
  const before = cpu(server);
  const out = execFileSync('oha', ['-z', `${seconds}s`, '-q', String(rate), '--latency-correction', '-c', '64', '-m', 'POST', '-H', `authorization: Bearer ${key}`, '-H', 'content-type: application/json', '-d', body, '--no-tui', '--output-format', 'json', `${url}/v1/receipts`]);
  const { summary, latencyPercentiles: latency, statusCodeDistribution: codes } = JSON.parse(out);
  const after = cpu(server);
  say(`open loop, ${per(rate)}/s`, `${per(summary.requestsPerSec).padStart(7)}/s  p50 ${(latency.p50 * 1e3).toFixed(1)}  p99 ${(latency.p99 * 1e3).toFixed(1)} ms  answers ${JSON.stringify(codes)}  CPU: server ${((after.server - before.server) / seconds).toFixed(2)}, PostgreSQL ${((after.postgres - before.postgres) / seconds).toFixed(2)} cores  resident ${resident(server)} MB`);
};

/** A policy of three witnesses on the loopback, two of which are enough. */
const startWitnesses = async () => {
  const published = await (await fetch(`${url}/.well-known/certnode-keys.json`)).json();
  const root = published.root_log.keys.find((key) => key.purpose === 'checkpoint').key;
  const ready = [0, 1, 2].map(async (n) => {
    const listen = `127.0.0.1:${PORT + 1 + n}`;
    const child = spawn(binary, ['witness', '--name', `bench.example/w${n}`, '--log', root, '--data', `${dir}/witness-${n}`, '--listen', listen], { stdio: ['ignore', 'pipe', 'ignore'] });
    children.add(child);
    let out = '';
    for await (const data of child.stdout) {
      out += data;
      const key = /^bench\S+$/m.exec(out);
      if (key) return `witness w${n} ${key[0]} http://${listen}`;
    }
    throw new Error('the witness ended');
  });
  writeFileSync(`${dir}/policy`, [`log ${root}`, ...(await Promise.all(ready)), 'group enough 2 w0 w1 w2', 'quorum enough', ''].join('\n'));
};
/** Receipts at a quiet pace, each asked for until it is witnessed: from its answer to the first time the state is seen. */
const anchoring = async () => {
  const times = { anchored: [], witnessed: [] };
  const follow = async (key) => {
    const { id } = await api(key, '/v1/receipts', { reference: 'followed' });
    const answered = performance.now();
    for (let seen = false, status; status !== 'witnessed'; await sleep(15)) {
      ({ status } = await api(key, `/v1/receipts/${id}`));
      if (!seen && (status === 'anchored' || status === 'witnessed')) seen = Boolean(times.anchored.push(performance.now() - answered));
    }
    times.witnessed.push(performance.now() - answered);
  };
  const following = [];
  for (let n = 0; n < seconds * 25; n += 1) {
    following.push(follow(keys[n % HOT]));
    await sleep(40);
  }
  await Promise.all(following);
  for (const [name, values] of Object.entries(times)) {
    say(name, `p50 ${percentile(values, 50).toFixed(0)}  p99 ${percentile(values, 99).toFixed(0)} ms of ${values.length} receipts, seen by asking every 15 ms`);
  }
};

/** How fast receipts are checked: by the library, and by the page's worker in a browser. */
const verifying = () => {
  const run = (command, args, picked) => {
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, SQLX_OFFLINE: 'true' } });
    if (status !== 0) throw new Error(stdout + stderr);
    stdout.split('\n').filter(picked).forEach((line) => console.log(line.trim()));
  };
  run('cargo', ['bench', '-q', '-p', 'ledger', '--features', 'fast', '--bench', 'verify'], (line) => line.trim());
  run('scripts/e2e', ['big-files', '-g', 'ten thousand|one receipt'], (line) => / ms[,;]/.test(line));
};

for (const tool of ['wrk', 'oha']) {
  if (spawnSync(tool, ['--version']).error) throw new Error(`${tool} is not installed: make bench does that`);
}
const wanted = (name) => !only || only.includes(name);
try {
  const began = performance.now();
  let server = await serve();
  say('empty folder to 200', `${(performance.now() - began).toFixed(0)} ms`);
  await sleep(3000);
  say('resident, idle', `${resident(server)} MB`);
  await signUpAll(0, HOT);
  if (wanted('single')) {
    for (const connections of [1, 64, 256]) {
      for (const tenants of [1, HOT]) await wrk(server, `POST, ${tenants} tenants, ${connections} connections`, { tenants, connections });
    }
  }
  if (wanted('open')) [5_000, 10_000].forEach((rate) => openLoop(server, rate, keys[0]));
  if (wanted('batch')) {
    for (const tenants of [1, HOT]) await wrk(server, `batches of 100, ${tenants} tenants, 32 connections`, { tenants, connections: 32, batch: 100 });
  }
  if (wanted('page')) await wrk(server, 'receipts page, 50 rows, 16 connections', { script: 'get', path: '/receipts', connections: 16, unit: 'pages' });
  if (wanted('anchoring')) {
    await startWitnesses();
    await stop(server);
    server = await serve({ CERTNODE_WITNESS_POLICY: `${dir}/policy` });
    await anchoring();
  }
  if (wanted('fsck')) {
    await stop(server);
    for (const [name, flags] of [['leaves and tiles', ['--leaves-only']], ['all that is stored', ['--signatures', 'sampled']]]) {
      const env = { ...process.env, ...environment };
      const { entries, seconds, logs } = JSON.parse(execFileSync(binary, ['fsck', '--json', ...flags], { env, maxBuffer: 1 << 28 }));
      say(`fsck, ${name}`, `${per(entries / seconds).padStart(7)} entries/s of ${per(entries)} in ${logs.length} logs`);
    }
    server = await serve();
  }
  if (wanted('orgs')) {
    const before = performance.now();
    await signUpAll(HOT, orgs);
    const post = async (n) => api(keys[n], '/v1/receipts', { reference: 'first' });
    for (let n = HOT; n < orgs; n += 32) await Promise.all(Array.from({ length: Math.min(32, orgs - n) }, (_, at) => post(n + at)));
    say(`${per(orgs)} tenants`, `signed up, each with a log of its own, in ${((performance.now() - before) / 1e3).toFixed(0)} s; resident ${resident(server)} MB`);
    const hot = Math.ceil(orgs / 100);
    await wrk(server, `POST, ${hot} of ${per(orgs)} tenants, 64 connections`, { tenants: hot, connections: 64 });
    await wrk(server, `POST, all of ${per(orgs)} tenants, 64 connections`, { tenants: orgs, connections: 64 });
  }
  await stop(server);
  if (wanted('verify')) verifying();
} finally {
  const ended = [...children].map((child) => new Promise((done) => child.once('exit', done)));
  for (const child of children) child.kill('SIGTERM');
  await Promise.all(ended);
  rmSync(dir, { recursive: true, force: true });
}
