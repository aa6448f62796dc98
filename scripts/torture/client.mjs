// A client that keeps its word: it asks again with the same key until there is an answer, and writes everything down.
import http from 'node:http';
import { sleep } from './cluster.mjs';
import { rootOf, sha256 } from './tree.mjs';

/** Longer than the server lets anyone wait. */
const TIMEOUT_MS = 45_000;
/** Nothing may be without an answer for so long, whatever happens. */
const PATIENCE_MS = 120_000;

export class Client {
  constructor({ cluster, chance, fail }) {
    Object.assign(this, { cluster, chance, fail, orgs: [], refusals: {}, waits: [] });
    this.counts = { acknowledged: 0, retried: 0, unknown: 0, refused: 0, elsewhere: 0 };
    /** While it is set, whatever is not answered is a failure, and is written here. */
    this.strict = null;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 256 });
  }

  /**
   * One request, once. Fails with `sent: false` when nothing of it left, and with `closed: true` when the connection had
   * been kept from before and ended without a byte of an answer: a server may close one at any time, and then a request
   * that is repeatable is sent again (RFC 9112, 9.3.1).
   */
  async once(n, { method, path, key, idempotency, body, type }) {
    const bytes = Buffer.isBuffer(body) ? body : body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = { authorization: `Bearer ${key}`, ...(bytes && { 'content-type': type ?? 'application/json', 'content-length': bytes.length }) };
    if (idempotency) headers['idempotency-key'] = idempotency;
    return new Promise((resolve, reject) => {
      let sent = false;
      const request = http.request(`${this.cluster.url(n)}${path}`, { method, headers, agent: this.agent, timeout: TIMEOUT_MS });
      const failed = (error) => reject(Object.assign(error, { sent, closed: request.reusedSocket && error.code === 'ECONNRESET' && !request.res }));
      request.on('socket', (socket) => (socket.connecting ? socket.once('connect', () => (sent = true)) : (sent = true)));
      request.on('timeout', () => request.destroy(new Error('no answer in time')));
      request.on('error', failed);
      request.on('response', (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', failed);
        response.on('end', () => {
          const all = Buffer.concat(chunks);
          const json = response.headers['content-type']?.includes('json') ? JSON.parse(all) : undefined;
          resolve({ status: response.statusCode, headers: response.headers, bytes: all, json });
        });
      });
      request.end(bytes);
    });
  }

  /**
   * The answer that settles it. Without a key nobody may ask again: none, when nobody knows. `n` is the node; any, if not said.
   */
  async insist(request, n) {
    const started = Date.now();
    const repeatable = request.idempotency || request.repeatable || request.method !== 'POST';
    for (let attempt = 0; ; attempt += 1) {
      const node = n ?? this.chance.below(this.cluster.nodes.length);
      // What was asked before is answered for what was before.
      const strict = this.strict;
      try {
        const answer = await this.once(node, request);
        if (answer.status !== 429 && answer.status !== 503) {
          if (answer.status >= 500) this.fail(`${request.method} ${request.path}: ${answer.status} ${answer.bytes}`);
          this.waits.push(Date.now() - started);
          return answer;
        }
        if (!answer.headers['retry-after']) this.fail(`${answer.status} without Retry-After: ${answer.bytes}`);
        this.counts.refused += 1;
        this.refusals[answer.json?.code] = (this.refusals[answer.json?.code] ?? 0) + 1;
        strict?.push(`${answer.status} ${answer.json?.code} of ${request.method} ${request.path} by node ${node}, ${answer.json?.request_id}`);
      } catch (error) {
        if (!error.sent && n === undefined) {
          this.counts.elsewhere += 1;
          await sleep(1);
          continue;
        }
        this.counts.unknown += 1;
        if (!(error.closed && repeatable)) strict?.push(`${error.message} in ${request.method} ${request.path}`);
      }
      if (!repeatable) return null;
      if (Date.now() - started > PATIENCE_MS) {
        this.fail(`${request.method} ${request.path} had no answer for ${PATIENCE_MS / 1000} s`);
        return null;
      }
      this.counts.retried += 1;
      await sleep(10 + this.chance.random() * 40);
    }
  }

  /** Writes an acknowledged receipt down, after a look at its proof. */
  keep(org, receipt, { key, reference, kind }) {
    const { log_index: index, tree_size: size, leaf_hash: leaf, hashes, checkpoint } = receipt.proof;
    if ((receipt.reference ?? undefined) !== reference) this.fail(`${reference} was answered with ${receipt.reference}`);
    const [origin, at, root] = checkpoint.split('\n');
    if (sha256(Buffer.from([0]), Buffer.from(receipt.statement, 'base64')).toString('hex') !== leaf) this.fail(`${receipt.id} is another statement than its leaf`);
    const proved = rootOf(index, size, Buffer.from(leaf, 'hex'), hashes.map((hash) => Buffer.from(hash, 'base64')));
    if (Number(at) !== size || proved?.toString('base64') !== root) this.fail(`the proof of ${receipt.id} does not lead to its checkpoint`);
    const known = org.roots.get(size);
    if (known && known !== root) this.fail(`${origin}: two roots at size ${size}`);
    org.roots.set(size, root);
    org.checkpoint = checkpoint;
    if (key) {
      const before = org.keys.get(key);
      if (before && before !== receipt.id) this.fail(`the key ${key} has two receipts, ${before} and ${receipt.id}`);
      org.keys.set(key, receipt.id);
    }
    const place = org.receipts.get(receipt.id);
    if (place && place.index !== index) this.fail(`${receipt.id} is at ${place.index} and at ${index}`);
    org.receipts.set(receipt.id, { index, leaf: Buffer.from(leaf, 'hex'), kind: kind ?? receipt.kind });
    this.counts.acknowledged += place ? 0 : 1;
    return receipt.id;
  }
}
