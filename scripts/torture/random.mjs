// Chance that can be had again: mulberry32. The same seed, the same faults.

/** A stream of numbers from 0 to 1, with what is made of them. */
export const chance = (seed) => {
  const random = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n) => Math.floor(random() * n);
  /** One of `{ name: weight }`. */
  const weighted = (weights) => {
    let at = random() * Object.values(weights).reduce((sum, weight) => sum + weight, 0);
    return Object.keys(weights).find((name) => (at -= weights[name]) < 0) ?? Object.keys(weights)[0];
  };
  return { random, below, weighted, pick: (list) => list[below(list.length)] };
};
