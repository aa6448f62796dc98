// The judge: the logs as anybody reads them, statement by statement, set against all that was acknowledged on the way.
import { Growing, sha256 } from './tree.mjs';
import { sleep } from './cluster.mjs';

const tilePath = (n) => {
  const digits = String(n).padStart(Math.ceil(String(n).length / 3) * 3, '0').match(/.{3}/g);
  return digits.map((group, place) => (place < digits.length - 1 ? `x${group}` : group)).join('/');
};

/** The statements of a bundle of entries (C2SP tlog-tiles): each behind its length. */
const unbundled = (bytes) => {
  const entries = [];
  for (let at = 0; at < bytes.length; at += 2 + bytes.readUInt16BE(at)) entries.push(bytes.subarray(at + 2, at + 2 + bytes.readUInt16BE(at)));
  return entries;
};

export const judge = async (cluster, client, load, fail) => {
  const totals = { entries: 0, checkpoints: 0, unanswered: 0, erasures: 0, ended: 0, files: 0 };
  for (const org of client.orgs) {
    const get = async (path, n = client.chance.below(cluster.nodes.length)) => {
      const answer = await fetch(`${cluster.url(n)}${path}`, { headers: { authorization: `Bearer ${org.key}` } });
      if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
      return Buffer.from(await answer.arrayBuffer());
    };
    // Records of erasures may follow a moment later, from a job.
    for (const id of org.erased) {
      for (let tries = 0; ; tries += 1) {
        const receipt = JSON.parse(await get(`/v1/receipts/${id}`));
        if (receipt.payload || receipt.salt || receipt.reference) fail(`${id} was erased and is there`);
        if (receipt.life?.erasure?.record ?? receipt.erasure?.record) break;
        if (tries > 120) {
          fail(`the erasure of ${id} is in no log after a minute`);
          break;
        }
        await sleep(500);
      }
    }
    const [origin, text] = (await get('/v1/log/checkpoint')).toString().split('\n');
    const size = Number(text);
    const growing = new Growing();
    const seen = { ids: new Map(), keys: new Map(), ended: new Map(), unknown: 0, records: 0 };
    for (let tile = 0; tile * 256 < size; tile += 1) {
      const width = Math.min(256, size - tile * 256);
      const part = `${tilePath(tile)}${width < 256 ? `.p/${width}` : ''}`;
      const [hashes, bundle] = await Promise.all([get(`/v1/log/tile/0/${part}`), get(`/v1/log/tile/entries/${part}`)]);
      const statements = unbundled(bundle);
      if (hashes.length !== width * 32 || statements.length !== width) fail(`${origin}: tile ${tile} has ${hashes.length / 32} leaves and ${statements.length} statements`);
      for (const [place, bytes] of statements.entries()) {
        const [index, leaf] = [tile * 256 + place, hashes.subarray(place * 32, place * 32 + 32)];
        if (!sha256(Buffer.from([0]), bytes).equals(leaf)) fail(`${origin}: entry ${index} is not what its leaf says`);
        growing.push(leaf);
        const root = org.roots.get(index + 1);
        if (root) {
          totals.checkpoints += 1;
          if (growing.root().toString('base64') !== root) fail(`${origin}: another root at size ${index + 1}`);
        }
        read(org, load, seen, JSON.parse(bytes), index, leaf, fail);
      }
    }
    if (growing.size !== size) fail(`${origin}: ${growing.size} leaves for a size of ${size}`);
    for (const [id, { index }] of org.receipts) if (seen.ids.get(id) !== index) fail(`${origin}: ${id} was acknowledged at ${index} and is ${seen.ids.has(id) ? `at ${seen.ids.get(id)}` : 'lost'}`);
    for (const [id, by] of org.ended) if (seen.ended.get(id) !== by) fail(`${origin}: ${id} was ended by ${by}, and the log says ${seen.ended.get(id)}`);
    if (seen.records !== org.erased.size) fail(`${origin}: ${org.erased.size} erasures, and ${seen.records} records of them`);
    for (const sha of org.evidence) if (sha256(await get(`/v1/evidence/${sha}`)).toString('hex') !== sha) fail(`evidence ${sha} is damaged`);
    totals.entries += size;
    totals.unanswered += seen.unknown;
    totals.erasures += org.erased.size;
    totals.ended += org.ended.size;
    totals.files += org.evidence.size;
  }
  // What is there and was not acknowledged can only be what was asked for without a key and never answered.
  if (totals.unanswered > load.givenUp) fail(`${totals.unanswered} receipts that nobody asked for`);
  return totals;
};

const read = (org, load, seen, statement, index, leaf, fail) => {
  const { id, type, idem } = statement;
  // A relation that ends nothing is the id alone.
  const refs = statement.refs.map((other) => (typeof other === 'string' ? { id: other, relation: 'relates_to' } : other));
  if (seen.ids.has(id)) fail(`${id} is at ${seen.ids.get(id)} and at ${index}`);
  seen.ids.set(id, index);
  if (idem && seen.keys.has(idem)) fail(`one key has two receipts, ${seen.keys.get(idem)} and ${id}`);
  if (idem) seen.keys.set(idem, id);
  for (const other of refs) {
    if (other.relation === 'relates_to') continue;
    if (seen.ended.has(other.id)) fail(`${other.id} ended twice, by ${seen.ended.get(other.id)} and ${id}`);
    seen.ended.set(other.id, id);
  }
  if (type === 'log_created') {
    if (index !== 0) fail(`a log begins at ${index}`);
  } else if (type === 'payload_erased') {
    seen.records += 1;
    if (!org.erased.has(refs[0]?.id)) fail(`${id} tells of an erasure that nobody asked for`);
  } else {
    const known = org.receipts.get(id);
    if (known && !known.leaf.equals(leaf)) fail(`${id} is another one than was acknowledged`);
    if (!known && idem) fail(`${id} has a key and was never acknowledged`);
    if (!known) seen.unknown += 1;
  }
};
