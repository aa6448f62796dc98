// The system under test: a PostgreSQL that keeps its promises (fsync on), nodes with a data directory each, and what they
// share: the folder of the logs' files, and that of the evidence.
import { execFileSync, spawn } from 'node:child_process';
import { accessSync, chmodSync, chownSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const exit = (child) => (child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : once(child, 'exit'));

export class Cluster {
  constructor({ binary, nodes, port, diskMb }) {
    accessSync(binary);
    Object.assign(this, { binary, port, nodes: Array.from({ length: nodes }), databaseWanted: true });
    this.dir = mkdtempSync(join(tmpdir(), 'certnode-torture-'));
    chmodSync(this.dir, 0o755);
    this.asRoot = process.getuid() === 0;
    const [uid, gid] = this.asRoot ? ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres']))) : [];
    this.asPostgres = { ...(this.asRoot && { uid, gid }), cwd: this.dir, stdio: 'ignore' };
    this.postgresBin = execFileSync('scripts/pg-bin').toString().trim();
    this.disk = `${this.dir}/disk`;
    mkdirSync(this.disk);
    this.mountDisk(diskMb);
    if (this.asRoot) [this.dir, this.disk].forEach((folder) => chownSync(folder, uid, gid));
    // A user's own PostgreSQL as in docs/operations; the database is not told that its disk is small.
    execFileSync(`${this.postgresBin}/initdb`, ['-D', `${this.disk}/data`, '-U', 'certnode', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8'], this.asPostgres);
  }

  /** PostgreSQL's data are on a disk of their own, which can be filled; without the right to mount they are not. */
  mountDisk(mb) {
    try {
      const image = `${this.dir}/disk.img`;
      execFileSync('truncate', ['-s', `${mb}M`, image]);
      execFileSync('mkfs.ext4', ['-q', '-m', '0', '-E', 'lazy_itable_init=0', image], { stdio: 'ignore' });
      execFileSync('mount', ['-o', 'loop', image, this.disk], { stdio: 'ignore' });
      this.mounted = true;
    } catch {
      console.log('no disk can be mounted here: it is never full');
    }
  }

  get databaseUrl() {
    return `postgres://certnode@${encodeURIComponent(this.dir)}/postgres`;
  }

  startPostgres() {
    const log = openSync(`${this.dir}/postgres.log`, 'a');
    const settings = ['listen_addresses=', 'max_connections=400', 'max_wal_size=256MB', 'min_wal_size=64MB'].flatMap((setting) => ['-c', setting]);
    this.postgres = spawn(`${this.postgresBin}/postgres`, ['-D', `${this.disk}/data`, '-k', this.dir, ...settings], { ...this.asPostgres, stdio: ['ignore', log, log] });
    // As a supervisor does: again and again, until the last child of the one before has let go of the shared memory.
    this.postgres.once('exit', () => this.databaseWanted && setTimeout(() => this.startPostgres(), 50));
  }

  async start() {
    this.startPostgres();
    const ports = this.nodes.map((_, n) => this.port + 100 + n);
    this.proxy = new Worker(new URL('proxy.mjs', import.meta.url), { workerData: { ports, socket: `${this.dir}/.s.PGSQL.5432` } });
    for (let listening = 0; listening < ports.length; listening += 1) await once(this.proxy, 'message');
    for (const n of this.nodes.keys()) {
      this.startNode(n);
      await this.ready(n);
    }
  }

  /** Has the proxy do something to a node's connections, or to everyone's. */
  async network(act, nodes) {
    for (const node of nodes) {
      this.proxy.postMessage({ act, node });
      await once(this.proxy, 'message');
    }
  }

  environment(n) {
    return {
      ...process.env,
      DATABASE_URL: this.databaseUrl,
      CERTNODE_DATA_DIR: `${this.dir}/node-${n}`,
      CERTNODE_LOG_STORE: `${this.dir}/log`,
      CERTNODE_EVIDENCE_DIR: `${this.dir}/evidence`,
      CERTNODE_MASTER_KEY: '07'.repeat(32),
    };
  }

  startNode(n) {
    const env = {
      ...this.environment(n),
      DATABASE_URL: `postgres://certnode@127.0.0.1:${this.port + 100 + n}/postgres`,
      LEPTOS_SITE_ADDR: `127.0.0.1:${this.port + n}`,
      CERTNODE_LOG_FILTER: 'warn',
      CERTNODE_POOL_SIZE: '8',
    };
    const log = openSync(`${this.dir}/node-${n}.log`, 'a');
    this.nodes[n] = spawn(this.binary, ['serve'], { env, stdio: ['ignore', log, log] });
  }

  url(n) {
    return `http://127.0.0.1:${this.port + n}`;
  }

  async ready(n) {
    const started = Date.now();
    while (Date.now() - started < 60_000) {
      try {
        if ((await fetch(`${this.url(n)}/readyz`, { signal: AbortSignal.timeout(10_000) })).ok) return;
      } catch {
        // It is not there yet, or not any more.
      }
      if (this.nodes[n].exitCode !== null) this.startNode(n);
      await sleep(20);
    }
    throw new Error(`node ${n} was not ready within a minute`);
  }

  /** Ends a node; what it ended with. */
  async end(n, signal) {
    this.nodes[n].kill(signal);
    await exit(this.nodes[n]);
    return this.nodes[n].exitCode ?? this.nodes[n].signalCode;
  }

  async killPostgres() {
    const killed = this.postgres;
    killed.kill('SIGKILL');
    await exit(killed);
  }

  /** Ends every connection from PostgreSQL's side, as an operator does. */
  terminateBackends() {
    const statement = `select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name like 'certnode%' or application_name = ''`;
    return execFileSync(`${this.postgresBin}/psql`, [this.databaseUrl, '-qAtc', statement], { stdio: ['ignore', 'pipe', 'ignore'] });
  }

  /** Leaves not a byte on PostgreSQL's disk; what is returned gives it back. */
  fillDisk() {
    const ballast = `${this.disk}/ballast`;
    const { bavail, bsize } = statfsSync(this.disk);
    try {
      execFileSync('fallocate', ['-l', String(bavail * bsize), ballast], { stdio: 'ignore' });
    } catch {
      // The last blocks are the file system's own.
    }
    for (let n = 0; n < 4096; n += 1) {
      try {
        writeFileSync(`${ballast}-${n}`, Buffer.alloc(64 << 10));
      } catch {
        break;
      }
    }
    return () => execFileSync('sh', ['-c', `rm -f ${ballast}*`]);
  }

  /** Runs a command of the program beside the nodes; whether it succeeded. */
  command(args) {
    try {
      execFileSync(this.binary, args, { env: this.environment(0), stdio: 'inherit' });
      return true;
    } catch {
      return false;
    }
  }

  async stop() {
    this.nodes.forEach((child) => child?.kill('SIGCONT'));
    await Promise.all(this.nodes.map((child, n) => child && this.end(n, 'SIGTERM')));
    this.databaseWanted = false;
    this.postgres.kill('SIGINT');
    await exit(this.postgres);
    await this.proxy?.terminate();
    if (this.mounted) execFileSync('umount', [this.disk]);
  }

  /** The last that each node said of what it could not answer. */
  lastWords() {
    const lines = (n) => readFileSync(`${this.dir}/node-${n}.log`, 'utf8').split('\n').filter((line) => / 50\d |WARN|ERROR/.test(line));
    return this.nodes.flatMap((_, n) => lines(n).slice(-40).map((line) => `node ${n}: ${line}`));
  }

  forget() {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
