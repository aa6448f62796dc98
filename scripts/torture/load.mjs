// What people do with receipts, all of it at once. Every function is one thing that somebody does, to its end.
import { randomBytes } from 'node:crypto';
import { sha256 } from './tree.mjs';
import { sleep } from './cluster.mjs';

/** Between two things that a writer does, at most: enough load to be in the middle of something, whenever a fault comes. */
const PAUSE_MS = 30;
/** Receipts of a log that may still be revoked, superseded or erased; others are left alone. */
const FREE_MAX = 200;

const weights = { single: 50, unkeyed: 10, batch: 8, duplicates: 8, quarrel: 4, revoke: 5, race: 3, supersede: 5, refer: 4, erase: 3, evidence: 2 };

export class Load {
  constructor({ client, chance, fail }) {
    Object.assign(this, { client, chance, fail, serial: 0, stopping: false, did: {}, givenUp: 0 });
  }

  name(what) {
    return `${what}-${(this.serial += 1)}`;
  }

  async writer() {
    while (!this.stopping) {
      const org = this.chance.pick(this.client.orgs);
      const what = this.chance.weighted(weights);
      await this[what](org);
      this.did[what] = (this.did[what] ?? 0) + 1;
      await sleep(this.chance.random() * PAUSE_MS);
    }
  }

  /** Issues a receipt under a key; its id. `expected` is what else may be answered. */
  async issue(org, body, { key = this.name('key'), path = '/v1/receipts', expected, n, kind } = {}) {
    const answer = await this.client.insist({ method: 'POST', path, key: org.key, idempotency: key, body }, n);
    if (answer?.status === 201) return this.client.keep(org, answer.json, { key, reference: body.reference, kind });
    if (answer && answer.json?.code !== expected) this.fail(`${path} of ${JSON.stringify(body)}: ${answer.status} ${answer.bytes}`);
    return null;
  }

  /** Takes a receipt that nothing has happened to yet. */
  take(org) {
    return org.free.length ? org.free.splice(this.chance.below(org.free.length), 1)[0] : null;
  }

  async single(org) {
    const id = await this.issue(org, { reference: this.name('order'), amount: { value: '11.77', currency: 'EUR' } });
    if (id && org.free.length < FREE_MAX) org.free.push(id);
  }

  async unkeyed(org) {
    const reference = this.name('once');
    const answer = await this.client.insist({ method: 'POST', path: '/v1/receipts', key: org.key, body: { reference } });
    if (answer?.status === 201) this.client.keep(org, answer.json, { reference });
    else this.givenUp += 1;
  }

  async batch(org) {
    let wanted = Array.from({ length: 2 + this.chance.below(40) }, () => ({ reference: this.name('item'), idempotency_key: this.name('key') }));
    while (wanted.length > 0) {
      const strict = this.client.strict;
      const answer = await this.client.insist({ method: 'POST', path: '/v1/receipts/batch', key: org.key, body: { receipts: wanted }, repeatable: true });
      if (answer?.status !== 200) return;
      const again = [];
      for (const [place, { status, receipt, problem }] of answer.json.data.entries()) {
        const { reference, idempotency_key: key } = wanted[place];
        if (status === 201) this.client.keep(org, receipt, { key, reference });
        else if (status === 429 || status === 503) again.push(wanted[place]);
        else this.fail(`${reference} of a batch: ${JSON.stringify(problem)}`);
      }
      if (again.length > 0) strict?.push(`${again.length} of a batch`);
      this.client.counts.refused += again.length;
      wanted = again;
      if (wanted.length > 0) await sleep(20);
    }
  }

  /** One order, sent five times at once; then another under its key. */
  async duplicates(org) {
    const [reference, key] = [this.name('five'), this.name('key')];
    const ids = await Promise.all(Array.from({ length: 5 }, () => this.issue(org, { reference }, { key })));
    if (new Set(ids).size !== 1) this.fail(`${key}: five times the same gave ${ids}`);
    const other = await this.issue(org, { reference: `${reference}-other` }, { key, expected: 'idempotency_conflict' });
    if (other) this.fail(`${key}: another body was not refused`);
  }

  /** Two orders under one key at once: one of them is it, and stays it. */
  async quarrel(org) {
    const key = this.name('key');
    const bodies = [0, 1, 0, 1, 0, 1].map((which) => ({ reference: `${key}-${which}` }));
    const ids = await Promise.all(bodies.map((body) => this.issue(org, body, { key, expected: 'idempotency_conflict' })));
    const won = ids.findIndex((id) => id);
    if (ids.some((id, place) => (place % 2 === won % 2) !== (id !== null))) this.fail(`${key}: two bodies gave ${ids}`);
  }

  async revoke(org) {
    const id = this.take(org);
    if (!id) return;
    const by = await this.issue(org, { reason: 'It was a mistake.' }, { path: `/v1/receipts/${id}/revoke`, kind: 'revocation' });
    if (by) org.ended.set(id, by);
  }

  /** Two end the same receipt at once, by two nodes: one of them does. */
  async race(org) {
    const id = this.take(org);
    if (!id) return;
    const by = await Promise.all([
      this.issue(org, { reason: 'It was a mistake.' }, { path: `/v1/receipts/${id}/revoke`, expected: 'receipt_ended' }),
      this.issue(org, { reference: this.name('version'), refs: [{ id, relation: 'supersedes' }] }, { expected: 'receipt_ended' }),
    ]);
    const winners = by.filter((winner) => winner);
    if (winners.length !== 1) this.fail(`${id} was ended by ${JSON.stringify(by)}`);
    org.ended.set(id, winners[0]);
  }

  async supersede(org) {
    const id = this.take(org);
    if (!id) return;
    const by = await this.issue(org, { reference: this.name('version'), refs: [{ id, relation: 'supersedes' }] });
    if (by) org.ended.set(id, by);
  }

  async refer(org) {
    if (org.free.length === 0) return;
    await this.issue(org, { kind: 'correction', reference: this.name('note'), refs: [{ id: this.chance.pick(org.free), relation: 'relates_to' }] });
  }

  async erase(org) {
    const id = this.take(org);
    if (!id) return;
    const answer = await this.client.insist({ method: 'DELETE', path: `/v1/receipts/${id}/payload`, key: org.key, body: { reason: 'The person asked for it.' } });
    if (answer?.status !== 200) return this.fail(`erasing ${id}: ${answer?.status} ${answer?.bytes}`);
    org.erased.add(id);
  }

  async evidence(org) {
    const bytes = randomBytes(100 + this.chance.below(50_000));
    const sha = sha256(bytes).toString('hex');
    const kept = await this.client.insist({ method: 'POST', path: '/v1/evidence', key: org.key, body: bytes, type: 'application/octet-stream', repeatable: true });
    if (kept?.json?.sha256 !== sha) return this.fail(`evidence ${sha}: ${kept?.status} ${kept?.bytes}`);
    if (await this.issue(org, { reference: this.name('proof'), evidence: [{ sha256: sha }] })) org.evidence.add(sha);
  }
}
