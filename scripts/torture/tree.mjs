// RFC 6962 trees, once more and independently of the ledger: small enough to be read.
import { createHash } from 'node:crypto';

export const sha256 = (...parts) => createHash('sha256').update(parts.length === 1 ? parts[0] : Buffer.concat(parts)).digest();
export const node = (left, right) => sha256(Buffer.from([1]), left, right);

/** The root that an inclusion proof leads to (RFC 9162, 2.1.3.2); none, if it leads nowhere. */
export const rootOf = (index, size, leaf, proof) => {
  let [at, last, root] = [index, size - 1, leaf];
  if (at > last) return null;
  for (const hash of proof) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      root = node(hash, root);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else {
      root = node(root, hash);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 ? root : null;
};

/** Roots at every size of a tree, as its leaves are pushed. */
export class Growing {
  range = [];
  size = 0;

  push(leaf) {
    let hash = leaf;
    for (let bits = this.size; bits % 2 === 1; bits = Math.floor(bits / 2)) hash = node(this.range.pop(), hash);
    this.range.push(hash);
    this.size += 1;
  }

  root() {
    return this.range.reduceRight((right, left) => node(left, right));
  }
}
