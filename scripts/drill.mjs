// The drill of docs/operations/backup.md: a database with a base backup and a copy of its write-ahead log loses its disk under
// load, comes back from both, and nothing that was acknowledged is missing. Prints how long each part takes.
// DRILL_RECEIPTS (1,000,000), DRILL_PORT.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const receipts = Number(process.env.DRILL_RECEIPTS ?? 1_000_000);
const port = Number(process.env.DRILL_PORT ?? 3290);
const binary = process.env.CERTNODE_BINARY ?? 'target/release/certnode';
const bin = execFileSync('scripts/pg-bin').toString().trim();
const BATCH = 1_000;
const SENDERS = 4;

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const seconds = (since) => ((Date.now() - since) / 1000).toFixed(1);
const exit = (child) => (child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : once(child, 'exit'));

const dir = mkdtempSync(join(tmpdir(), 'certnode-drill-'));
chmodSync(dir, 0o755);
const asRoot = process.getuid() === 0;
const [uid, gid] = asRoot ? ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres']))) : [];
const asPostgres = { ...(asRoot && { uid, gid }), cwd: dir, stdio: ['ignore', 'ignore', 'inherit'] };
for (const folder of [dir, `${dir}/wal`, `${dir}/database`]) {
  mkdirSync(folder, { recursive: true });
  if (asRoot) chownSync(folder, uid, gid);
}
const databaseUrl = `postgres://certnode@${encodeURIComponent(dir)}/postgres`;
const children = new Set();
const start = (program, args, options) => {
  const child = spawn(program, args, options);
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
};
const postgres = (data) => {
  const log = openSync(`${dir}/postgres.log`, 'a');
  const settings = ['listen_addresses=', 'max_wal_size=512MB', 'shared_buffers=256MB'].flatMap((setting) => ['-c', setting]);
  return start(`${bin}/postgres`, ['-D', data, '-k', dir, ...settings], { ...asPostgres, stdio: ['ignore', log, log] });
};
const sql = (text) => execFileSync(`${bin}/psql`, [databaseUrl, '-qAtc', text], { stdio: ['ignore', 'pipe', 'ignore'] }).toString().trim();
const answers = async (what) => {
  for (let tries = 0; tries < 6_000; tries += 1) {
    try {
      if (await what()) return;
    } catch {
      // Not yet.
    }
    await sleep(50);
  }
  throw new Error('no answer within five minutes');
};
const writable = () => answers(() => sql('select not pg_is_in_recovery()') === 't');
const environment = { ...process.env, DATABASE_URL: databaseUrl, CERTNODE_DATA_DIR: `${dir}/node`, CERTNODE_MASTER_KEY: '07'.repeat(32), LEPTOS_SITE_ADDR: `127.0.0.1:${port}`, CERTNODE_LOG_FILTER: 'warn' };
const url = `http://127.0.0.1:${port}`;
const serve = async () => {
  const log = openSync(`${dir}/node.log`, 'a');
  const node = start(binary, ['serve'], { env: environment, stdio: ['ignore', log, log] });
  await answers(async () => (await fetch(`${url}/readyz`)).ok);
  return node;
};

let key;
const signUp = async () => {
  const form = (path, fields, cookie) =>
    fetch(url + path, { method: 'POST', redirect: 'manual', body: new URLSearchParams(fields), headers: { accept: 'application/json', ...(cookie && { cookie }) } });
  const signedUp = await form('/sign-up', { name: 'Drill', email: 'drill@example.com', password: 'correct horse battery', organisation: 'Drill' });
  const cookie = signedUp.headers.get('set-cookie').split(';')[0];
  key = (await (await form('/fn/app/keys/api/create_api_key', { name: 'drill', mode: 'test' }, cookie)).json()).secret;
};
/** Sends a batch; the receipts' ids, or none when nobody knows what became of it. */
const send = async (number) => {
  const wanted = Array.from({ length: BATCH }, (_, n) => ({ idempotency_key: `drill-${number}-${n}`, reference: `order-${number}-${n}`, amount: { value: '11.77', currency: 'EUR' }, data: { items: n % 7 } }));
  const answer = await fetch(`${url}/v1/receipts/batch`, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify({ receipts: wanted }) });
  if (!answer.ok) throw new Error(`${answer.status}`);
  const { data } = await answer.json();
  return data.every(({ status }) => status === 201) ? data.map(({ receipt }) => receipt.id) : null;
};
const acknowledged = new Map();
let next = 0;
const fill = async (until, lost = () => false) => {
  const sender = async () => {
    while (next * BATCH < until && !lost()) {
      const number = (next += 1) - 1;
      try {
        const ids = await send(number);
        if (ids) acknowledged.set(number, ids);
      } catch (error) {
        if (!lost()) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
};

const drill = async () => {
  execFileSync(`${bin}/initdb`, ['-D', `${dir}/database/first`, '-U', 'certnode', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8'], { ...asPostgres, stdio: 'ignore' });
  let database = postgres(`${dir}/database/first`);
  await writable();
  let node = await serve();
  await signUp();

  let since = Date.now();
  await fill(receipts * 0.9);
  console.log(`${next * BATCH} receipts in ${seconds(since)} s`);

  // A copy of the log that every commit waits for, and then the base backup: in this order, so that nothing is between them.
  const connection = `host=${dir} user=certnode dbname=postgres application_name=drill`;
  execFileSync(`${bin}/pg_receivewal`, ['-d', connection, '--slot=drill', '--create-slot', '--if-not-exists'], asPostgres);
  const receiving = start(`${bin}/pg_receivewal`, ['-d', connection, '--slot=drill', '--synchronous', '-D', `${dir}/wal`], asPostgres);
  await answers(() => sql(`select count(*) from pg_stat_replication where application_name = 'drill' and state = 'streaming'`) === '1');
  sql(`alter system set synchronous_standby_names = 'drill'`);
  sql('select pg_reload_conf()');
  since = Date.now();
  const backup = start(`${bin}/pg_basebackup`, ['-d', connection, '-D', `${dir}/database/backup`, '--checkpoint=fast'], asPostgres);
  // Load goes on meanwhile, and until the disk is gone.
  let gone = false;
  const filling = fill(receipts, () => gone);
  await exit(backup);
  if (backup.exitCode !== 0) throw new Error('pg_basebackup failed');
  console.log(`base backup in ${seconds(since)} s, ${execFileSync('du', ['-sh', `${dir}/database/backup`]).toString().split('\t')[0]}`);
  while (next * BATCH < receipts - 2 * SENDERS * BATCH) await sleep(20);

  gone = true;
  database.kill('SIGKILL');
  await exit(database);
  node.kill('SIGKILL');
  await Promise.all([exit(node), filling]);
  // What was sent to the copy has arrived; nothing more will come.
  receiving.kill('SIGINT');
  await exit(receiving);
  rmSync(`${dir}/database/first`, { recursive: true, force: true });
  const count = acknowledged.size * BATCH;
  console.log(`the disk is gone, after ${count} acknowledged receipts`);

  since = Date.now();
  execFileSync('cp', ['-a', `${dir}/database/backup`, `${dir}/database/second`], asPostgres);
  const settings = [`restore_command = 'cp ${dir}/wal/%f "%p" 2>/dev/null || cp ${dir}/wal/%f.partial "%p"'`, `synchronous_standby_names = ''`];
  execFileSync('sh', ['-c', `touch second/recovery.signal && printf '%s\\n' "$1" "$2" >> second/postgresql.auto.conf`, '-', ...settings], { ...asPostgres, cwd: `${dir}/database` });
  database = postgres(`${dir}/database/second`);
  await writable();
  console.log(`the database is back after ${seconds(since)} s`);
  node = await serve();
  const ready = await (await fetch(`${url}/readyz`)).text();
  if (ready !== 'ready') throw new Error(ready);
  if (!(await send('after'))) throw new Error('nothing could be issued after the restore');
  console.log(`RTO: receipts are issued again after ${seconds(since)} s`);

  const get = async (path) => (await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } })).json();
  const { receipts: stored } = await get('/v1/log');
  if (stored < count + BATCH) throw new Error(`${stored} receipts are there, and ${count + BATCH} were acknowledged`);
  // The last that were acknowledged, once more: the same receipts, or something was lost.
  for (const number of [...acknowledged.keys()].toSorted((a, b) => b - a).slice(0, 10)) {
    const again = await send(number);
    if (again?.join() !== acknowledged.get(number).join()) throw new Error(`batch ${number} is not what was acknowledged`);
  }
  console.log(`RPO: 0 of ${count} acknowledged receipts are missing`);

  since = Date.now();
  const fsck = start(binary, ['fsck'], { env: environment, stdio: 'inherit' });
  await exit(fsck);
  console.log(`fsck in ${seconds(since)} s`);
  if (fsck.exitCode !== 0) throw new Error('fsck');
  node.kill('SIGTERM');
  await exit(node);
  database.kill('SIGINT');
  await exit(database);
};

try {
  await drill();
  rmSync(dir, { recursive: true, force: true });
} catch (error) {
  console.error(`FAILED: ${error.stack}\nwhat was said is in ${dir}`);
  process.exitCode = 1;
  children.forEach((child) => child.kill('SIGKILL'));
}
