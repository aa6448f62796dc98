// Three nodes on one PostgreSQL under load, and what can happen to them: a node or the database killed, a node asleep for
// longer than its lease, a restart. At the end the whole of every log is read over HTTP and set against all that was
// acknowledged on the way. TORTURE_ROUNDS (1,000), TORTURE_NODES (3), TORTURE_SEED.
import { spawn, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const rounds = Number(process.env.TORTURE_ROUNDS ?? 1000);
const nodeCount = Number(process.env.TORTURE_NODES ?? 3);
let seed = Number(process.env.TORTURE_SEED ?? Date.now() % 1e9);
const binary = process.env.CERTNODE_BINARY ?? 'target/release/certnode';
const postgresBin = execFileSync('scripts/pg-bin').toString().trim();
const WRITERS = 24;
const ORGS = 6;
const PORT = 3250;

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
/** mulberry32: the same seed, the same faults. */
const random = () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};
const pick = (list) => list[Math.floor(random() * list.length)];
const fail = (why) => {
  console.error(`FAILED: ${why}`);
  process.exitCode = 1;
};

// A PostgreSQL that keeps its promises: fsync on.
const dir = mkdtempSync(join(tmpdir(), 'certnode-torture-'));
chmodSync(dir, 0o755);
const asRoot = process.getuid() === 0;
const [uid, gid] = asRoot ? ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres']))) : [];
if (asRoot) chownSync(dir, uid, gid);
const asPostgres = { ...(asRoot && { uid, gid }), cwd: dir, stdio: 'ignore' };
execFileSync(`${postgresBin}/initdb`, ['-D', `${dir}/data`, '-U', 'certnode', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8'], asPostgres);
let postgres;
let databaseWanted = true;
const startPostgres = () => {
  const log = openSync(`${dir}/postgres.log`, 'a');
  postgres = spawn(`${postgresBin}/postgres`, ['-D', `${dir}/data`, '-k', dir, '-c', 'listen_addresses=', '-c', 'max_connections=300'], { ...asPostgres, stdio: ['ignore', log, log] });
  // As a supervisor does: again and again, until the last child of the one before has let go of the shared memory.
  postgres.once('exit', () => databaseWanted && setTimeout(startPostgres, 50));
};
startPostgres();
const databaseUrl = `postgres://certnode@${encodeURIComponent(dir)}/postgres`;

const url = (n) => `http://127.0.0.1:${PORT + n}`;
const nodes = [];
const startNode = (n) => {
  const env = {
    ...process.env,
    DATABASE_URL: databaseUrl,
    CERTNODE_DATA_DIR: `${dir}/node`,
    CERTNODE_MASTER_KEY: '07'.repeat(32),
    LEPTOS_SITE_ADDR: `127.0.0.1:${PORT + n}`,
    CERTNODE_LOG_FILTER: 'warn',
    CERTNODE_POOL_SIZE: '8',
  };
  const log = openSync(`${dir}/node-${n}.log`, 'a');
  nodes[n] = spawn(binary, ['serve'], { env, stdio: ['ignore', log, log] });
};
const ready = async (n) => {
  const started = Date.now();
  while (Date.now() - started < 60_000) {
    try {
      if ((await fetch(`${url(n)}/readyz`)).ok) return Date.now() - started;
    } catch {
      await sleep(20);
    }
  }
  throw new Error(`node ${n} was not ready within a minute`);
};
const exit = (child) => (child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : new Promise((done) => child.once('exit', done)));

for (let n = 0; n < nodeCount; n += 1) {
  startNode(n);
  await ready(n);
}
const form = (path, fields, cookie) =>
  fetch(url(0) + path, { method: 'POST', redirect: 'manual', body: new URLSearchParams(fields), headers: { accept: 'application/json', ...(cookie && { cookie }) } });
const keys = [];
for (let n = 0; n < ORGS; n += 1) {
  const signedUp = await form('/sign-up', { name: 'Torture', email: `torture${n}@example.com`, password: 'correct horse battery', organisation: `Torture ${n}` });
  const cookie = signedUp.headers.get('set-cookie').split(';')[0];
  keys.push((await (await form('/fn/app/keys/api/create_api_key', { name: 'torture', mode: 'test' }, cookie)).json()).secret);
}

// The history: every acknowledged receipt with its place, and how often nobody knew.
const history = keys.map(() => []);
const counts = { acknowledged: 0, retried: 0, unknown: 0, refused: 0 };
const waits = [];
let stopping = false;
let serial = 0;
const writer = async () => {
  while (!stopping) {
    const org = Math.floor(random() * keys.length);
    const keyed = random() < 0.8;
    const reference = `order-${(serial += 1)}`;
    const started = Date.now();
    for (let attempt = 0; ; attempt += 1) {
      try {
        const answer = await fetch(`${url(Math.floor(random() * nodeCount))}/v1/receipts`, {
          method: 'POST',
          headers: { authorization: `Bearer ${keys[org]}`, 'content-type': 'application/json', ...(keyed && { 'idempotency-key': reference }) },
          body: JSON.stringify({ reference }),
          signal: AbortSignal.timeout(30_000),
        });
        if (answer.status === 201 || answer.status === 200) {
          const receipt = await answer.json();
          if (receipt.reference !== reference) fail(`${reference} was answered with ${receipt.reference}`);
          history[org].push({ id: receipt.id, keyed, ...receipt.proof });
          counts.acknowledged += 1;
          waits.push(Date.now() - started);
          break;
        }
        if (answer.status !== 429 && answer.status !== 503) fail(`${answer.status}: ${await answer.text()}`);
        counts.refused += 1;
      } catch {
        counts.unknown += 1;
      }
      // Without a key nobody may ask again: it is there or it is not.
      if (!keyed) break;
      counts.retried += 1;
      await sleep(10 + random() * 40);
    }
  }
};

const faults = {
  'node killed': async () => {
    const n = Math.floor(random() * nodeCount);
    nodes[n].kill('SIGKILL');
    await exit(nodes[n]);
    await sleep(random() * 300);
    startNode(n);
    await ready(n);
  },
  'database killed': async () => {
    postgres.kill('SIGKILL');
    await exit(postgres);
    for (let n = 0; n < nodeCount; n += 1) await ready(n);
  },
  'node stopped': async () => {
    const n = Math.floor(random() * nodeCount);
    nodes[n].kill('SIGTERM');
    await exit(nodes[n]);
    if (nodes[n].exitCode !== 0) fail(`a node that was told to stop ended with ${nodes[n].exitCode ?? nodes[n].signalCode}`);
    startNode(n);
    await ready(n);
  },
  'node asleep': async () => {
    const n = Math.floor(random() * nodeCount);
    nodes[n].kill('SIGSTOP');
    await sleep(5_000);
    nodes[n].kill('SIGCONT');
    await ready(n);
  },
};
const happened = Object.fromEntries(Object.keys(faults).map((name) => [name, 0]));
const writers = Array.from({ length: WRITERS }, writer);
const started = Date.now();
for (let round = 1; round <= rounds; round += 1) {
  await sleep(100 + random() * 400);
  const name = random() < 0.02 ? 'node asleep' : pick(['node killed', 'node killed', 'database killed', 'node stopped']);
  await faults[name]();
  happened[name] += 1;
  if (round % 50 === 0 || round === rounds) console.log(`round ${round} of ${rounds}: ${JSON.stringify(counts)}, ${Math.round((Date.now() - started) / 1000)} s`);
}
stopping = true;
await Promise.all(writers);

// The oracle: the logs as anybody reads them.
const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest();
const node = (left, right) => sha256(Buffer.from([1]), left, right);
let entries = 0;
let checkpoints = 0;
for (const [org, key] of keys.entries()) {
  const get = async (path) => {
    const answer = await fetch(`${url(0)}/v1/log/${path}`, { headers: { authorization: `Bearer ${key}` } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return Buffer.from(await answer.arrayBuffer());
  };
  const number = (n) => {
    const digits = String(n).padStart(Math.ceil(String(n).length / 3) * 3, '0').match(/.{3}/g);
    return digits.map((group, place) => (place < digits.length - 1 ? `x${group}` : group)).join('/');
  };
  const size = Number((await get('checkpoint')).toString().split('\n')[1]);
  const leaves = [];
  for (let tile = 0; tile * 256 < size; tile += 1) {
    const width = Math.min(256, size - tile * 256);
    const bytes = await get(`tile/0/${number(tile)}${width < 256 ? `.p/${width}` : ''}`);
    for (let at = 0; at < bytes.length; at += 32) leaves.push(bytes.subarray(at, at + 32));
  }
  if (leaves.length !== size) fail(`log ${org}: ${leaves.length} leaves for a size of ${size}`);
  // The root at every size that was ever signed for.
  const wanted = new Map();
  for (const { checkpoint } of history[org]) {
    const [, at, root] = checkpoint.split('\n');
    if (wanted.has(Number(at)) && wanted.get(Number(at)) !== root) fail(`log ${org}: two roots at size ${at}`);
    wanted.set(Number(at), root);
  }
  const range = [];
  for (const [index, leaf] of leaves.entries()) {
    let hash = leaf;
    for (let bits = index; bits & 1; bits >>= 1) hash = node(range.pop(), hash);
    range.push(hash);
    const root = wanted.get(index + 1);
    if (root && range.reduceRight((right, left) => node(left, right)).toString('base64') !== root) fail(`log ${org}: another root at size ${index + 1}`);
  }
  const places = new Map();
  for (const { id, log_index: index, leaf_hash: leaf } of history[org]) {
    if (leaves[index]?.toString('hex') !== leaf) fail(`log ${org}: ${id} is not at ${index}`);
    if (places.has(index) && places.get(index) !== id) fail(`log ${org}: two receipts at ${index}`);
    places.set(index, id);
  }
  entries += size - 1;
  checkpoints += wanted.size;
}
// What is there and was not acknowledged can only be what was asked for without a key and never answered.
const unanswered = entries - new Set(history.flat().map(({ id }) => id)).size;
if (unanswered < 0 || unanswered > counts.unknown + counts.refused) fail(`${unanswered} receipts that nobody asked for`);
waits.sort((a, b) => a - b);
const at = (share) => waits[Math.floor(waits.length * share)];
console.log(`${rounds} rounds, seed ${process.env.TORTURE_SEED ?? 'of the clock'}: ${JSON.stringify(happened)}`);
console.log(`${counts.acknowledged} acknowledged, ${checkpoints} checkpoints, ${entries} entries in ${keys.length} logs (${unanswered} never answered); ${counts.retried} tries again`);
console.log(`longest wait for an answer ${waits.at(-1)} ms, p99 ${at(0.99)} ms, p50 ${at(0.5)} ms`);

if (process.env.TORTURE_FSCK !== 'no') {
  try {
    execFileSync(binary, ['fsck'], { env: { ...process.env, DATABASE_URL: databaseUrl, CERTNODE_DATA_DIR: `${dir}/node`, CERTNODE_MASTER_KEY: '07'.repeat(32) }, stdio: 'inherit' });
  } catch {
    fail('fsck');
  }
}
nodes.forEach((child) => child.kill('SIGTERM'));
await Promise.all(nodes.map(exit));
databaseWanted = false;
postgres.kill('SIGINT');
await exit(postgres);
if (process.exitCode) console.error(`what the nodes said is in ${dir}`);
else {
  rmSync(dir, { recursive: true, force: true });
  console.log('nothing lost, nothing forked');
}
