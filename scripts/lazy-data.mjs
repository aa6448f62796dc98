// Moves what only other pages read (their words, tables and vtables) out of the first load's WebAssembly.
//
// cargo-leptos splits code by page and leaves all read-only data in the first file. The linker's own file still has its
// relocations: they say which function reads which data. What no function of the first file reads, directly or through
// other data, goes into `chunk_data`, which is written to the same addresses before any other page's code runs.
//
// usage: lazy-data.mjs <folder of frontend.wasm> <folder of the site's pkg>
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';

const [linked, pkg] = process.argv.slice(2);
const NAME = 'chunk_data';
/** Shorter pieces stay: a segment of its own costs about as much. */
const SHORTEST = 16;

/** Reads a module's bytes front to back. */
class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }
  u() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }
  s() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return shift < 25 && byte & 64 ? value | (-1 << (shift + 7)) : value;
    }
  }
  text() {
    const length = this.u();
    return this.bytes.toString('utf8', this.at, (this.at += length));
  }
  limits() {
    const flags = this.u();
    const least = this.u();
    return [flags, least, flags & 1 ? this.u() : 0];
  }
}

const u = (value) => {
  const bytes = [];
  do bytes.push((value & 127) | (value > 127 ? 128 : 0));
  while ((value = Math.floor(value / 128)) > 0);
  return Buffer.from(bytes);
};
const s = (value) => {
  const bytes = [];
  for (;;) {
    const low = value & 127;
    value >>= 7;
    if ((value === 0 && !(low & 64)) || (value === -1 && low & 64)) return Buffer.from([...bytes, low]);
    bytes.push(low | 128);
  }
};
const section = (id, ...parts) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([id]), u(body.length), body]);
};
const string = (text) => Buffer.concat([u(text.length), Buffer.from(text)]);

/** The sections of a module: id, where the body begins and ends, and a custom section's name. */
function sections(bytes) {
  const found = [];
  for (const r = new Reader(bytes, 8); r.at < bytes.length; ) {
    const from = r.at;
    const id = r.u();
    const size = r.u();
    const body = r.at;
    found.push({ id, from, body, end: body + size, name: id === 0 ? r.text() : '', rest: r.at });
    r.at = body + size;
  }
  return found;
}

/** How many functions are imported, and the memory's limits, if it is. */
function imports(bytes, all) {
  const r = new Reader(bytes, all.find(({ id }) => id === 2).body);
  let functions = 0;
  for (let left = r.u(); left > 0; left--) {
    r.text(), r.text();
    const kind = r.bytes[r.at++];
    if (kind === 0) functions += 1 + 0 * r.u();
    else if (kind === 1) r.at++, r.limits();
    else if (kind === 2) r.limits();
    else if (kind === 3) r.at += 2;
    else r.at++, r.u();
  }
  return functions;
}

/** Where each function's body is. */
function functions(bytes, all) {
  const r = new Reader(bytes, all.find(({ id }) => id === 10).body);
  return Array.from({ length: r.u() }, () => {
    const size = r.u();
    r.at += size;
    return { from: r.at - size, to: r.at };
  });
}

/** The data segments: address, bytes, and where these begin. */
function segments(bytes, all) {
  const r = new Reader(bytes, all.find(({ id }) => id === 11).body);
  return Array.from({ length: r.u() }, () => {
    if (r.u() !== 0 || r.bytes[r.at++] !== 0x41) throw new Error('a data segment without a fixed address');
    const address = r.s();
    if (r.bytes[r.at++] !== 0x0b) throw new Error('a data segment whose address is computed');
    const size = r.u();
    r.at += size;
    return { address, from: r.at - size, bytes: bytes.subarray(r.at - size, r.at) };
  });
}

/** The symbols of the linker's file: functions by index, data by segment, offset and size. */
function symbols(bytes, all) {
  const r = new Reader(bytes, all.find(({ name }) => name === 'linking').rest);
  r.u();
  for (;;) {
    const kind = r.u();
    const size = r.u();
    if (kind === 8) break;
    r.at += size;
  }
  return Array.from({ length: r.u() }, () => {
    const kind = r.bytes[r.at++];
    const flags = r.u();
    if (kind === 1) {
      r.text();
      return flags & 0x10 ? {} : { data: { segment: r.u(), offset: r.u(), size: r.u() } };
    }
    const index = r.u();
    if (kind !== 3 && (!(flags & 0x10) || flags & 0x40)) r.text();
    return kind === 0 ? { function: index } : {};
  });
}

/** The relocations of a section: kind, offset in its body, symbol. */
function relocations(bytes, all, name) {
  const r = new Reader(bytes, all.find((section) => section.name === name).rest);
  r.u();
  return Array.from({ length: r.u() }, () => {
    const [kind, offset, symbol] = [r.u(), r.u(), r.u()];
    if ([3, 4, 5, 8, 9, 11, 14, 15, 16, 17, 22, 23, 24, 25].includes(kind)) r.s();
    return { kind, offset, symbol };
  });
}

/** The last of sorted things that begins at or before an offset. */
function before(list, offset, start) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (start(list[middle]) <= offset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Ranges without overlaps, in order. */
function union(ranges) {
  const sorted = ranges.sort((a, b) => a[0] - b[0]);
  const out = [];
  for (const [from, to] of sorted) {
    const last = out.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else out.push([from, to]);
  }
  return out;
}

/** What is in some ranges and in none of others. */
function minus(ranges, others) {
  let out = ranges;
  for (const [from, to] of others) {
    out = out.flatMap(([a, b]) => (b <= from || a >= to ? [[a, b]] : [[a, from], [to, b]].filter(([c, d]) => c < d)));
  }
  return out;
}

/** The addresses that no function of the first file reads. */
function unread() {
  const full = readFileSync(`${linked}/frontend.wasm`);
  const first = readFileSync(`${linked}/frontend_split.wasm`);
  const all = sections(full);
  const code = all.find(({ id }) => id === 10).body;
  const bodies = functions(full, all);
  const imported = imports(full, all);
  const known = symbols(full, all);
  const ofCode = relocations(full, all, 'reloc.CODE').sort((a, b) => a.offset - b.offset);

  // A function of the first file is one of the linker's but for what is relocated. Of equals, all count as being there.
  const masked = (bytes, from, body) => {
    const copy = Buffer.from(bytes.subarray(from, from + body.to - body.from));
    for (let at = before(ofCode, body.from - code - 1, ({ offset }) => offset) + 1; at < ofCode.length; at++) {
      const { kind, offset } = ofCode[at];
      if (offset + code >= body.to) break;
      copy.fill(0, offset + code - body.from, offset + code - body.from + (kind === 2 || kind === 5 || kind === 13 ? 4 : 5));
    }
    return copy;
  };
  const bySize = new Map();
  bodies.forEach((body, index) => {
    const size = body.to - body.from;
    bySize.set(size, [...(bySize.get(size) ?? []), { body, index, masked: masked(full, body.from, body), there: false }]);
  });
  let [found, lost] = [0, 0];
  for (const { from, to } of functions(first, sections(first))) {
    let matched = false;
    for (const one of bySize.get(to - from) ?? []) {
      if ((one.there && matched) || !masked(first, from, one.body).equals(one.masked)) continue;
      one.there = matched = true;
    }
    matched ? (found += to - from) : (lost += to - from);
  }
  // The splitter adds a few functions of its own, which read nothing.
  if (lost > found / 200) throw new Error(`${lost} bytes of the first file's functions are not the linker's`);

  // From its functions to the data they name, and on to the data that names.
  const data = known.map(({ data }) => data).filter((data) => data?.segment === 0);
  data.sort((a, b) => a.offset - b.offset);
  const edges = new Map(data.map((one) => [one.offset, []]));
  const base = segments(full, all)[0];
  const dataBody = all.find(({ id }) => id === 11).body;
  for (const { offset, symbol } of relocations(full, all, 'reloc.DATA')) {
    const target = known[symbol].data;
    const at = offset - (base.from - dataBody);
    if (target?.segment !== 0 || at >= base.bytes.length) continue;
    edges.get(data[before(data, at, (one) => one.offset)].offset).push(target);
  }
  const there = new Set([...bySize.values()].flat().filter((one) => one.there).map((one) => one.index));
  const reads = ofCode.filter(({ offset }) => there.has(before(bodies, offset + code, (body) => body.from)));
  // Data of the other segments may name read-only data, and is written to: what it names stays.
  const rest = relocations(full, all, 'reloc.DATA').filter(({ offset }) => offset - (base.from - dataBody) >= base.bytes.length);
  const queue = [...reads, ...rest].map(({ symbol }) => known[symbol].data).filter((one) => one?.segment === 0);
  const kept = new Map();
  while (queue.length > 0) {
    const one = queue.pop();
    const size = Math.max(one.size, kept.get(one.offset) ?? 0);
    if (!kept.has(one.offset)) queue.push(...edges.get(one.offset));
    kept.set(one.offset, size);
  }
  const range = (offset, size) => [base.address + offset, base.address + offset + size];
  const gone = data.filter((one) => !kept.has(one.offset)).map((one) => range(one.offset, one.size));
  // The splitter numbers functions anew, so the words are those of its file.
  const said = segments(first, sections(first)).find(({ address }) => address === base.address)?.bytes;
  if (said?.length < base.bytes.length) throw new Error('the first file has other data than the linker\'s');
  const [mine, theirs] = [Buffer.from(base.bytes), Buffer.from(said.subarray(0, base.bytes.length))];
  for (const { kind, offset } of relocations(full, all, 'reloc.DATA')) {
    const at = offset - (base.from - dataBody);
    if (kind === 2 && at < mine.length) mine.fill(0, at, at + 4), theirs.fill(0, at, at + 4);
  }
  // Where it wrote anything else, the words stay.
  const other = [...mine.keys()].filter((at) => mine[at] !== theirs[at]).map((at) => range(at, 1));
  if (other.length > 64) throw new Error('the first file has other data than the linker\'s');
  const words = (from, to) => said.subarray(from - base.address, to - base.address);
  const stays = union([...[...kept].map(([offset, size]) => range(offset, size)), ...other]);
  const ranges = minus(union(gone), stays);
  return ranges.filter(([from, to]) => to - from >= SHORTEST).map(([from, to]) => ({ from, to, words: words(from, to) }));
}

const segment = (address, bytes) => Buffer.concat([Buffer.from([0, 0x41]), s(address), Buffer.from([0x0b]), u(bytes.length), bytes]);

/** The first file without the ranges. */
function without(bytes, ranges) {
  const all = sections(bytes);
  const parts = [];
  let moved = 0;
  for (const { address, bytes: held } of segments(bytes, all)) {
    const to = address + held.length;
    const within = ranges.filter((range) => range.from < to && range.to > address);
    for (const range of within) {
      const [a, b] = [Math.max(range.from, address), Math.min(range.to, to)];
      const same = held.subarray(a - address, b - address).equals(range.words.subarray(a - range.from, b - range.from));
      if (!same) throw new Error('frontend.wasm is of another build than the site');
      moved += b - a;
    }
    for (const [a, b] of minus([[address, to]], within.map((range) => [range.from, range.to]))) {
      parts.push(segment(a, held.subarray(a - address, b - address)));
    }
  }
  const out = all.map(({ id, from, end }) => {
    if (id === 11) return section(11, u(parts.length), ...parts);
    return id === 12 ? section(12, u(parts.length)) : bytes.subarray(from, end);
  });
  return { moved, bytes: Buffer.concat([bytes.subarray(0, 8), ...out]) };
}

/** A module of nothing but data, which is written when it is made. */
function module(ranges) {
  const memory = section(2, u(1), string('__wasm_split'), string('memory'), Buffer.from([2, 0, 1]));
  const data = section(11, u(ranges.length), ...ranges.map(({ from, words }) => segment(from, words)));
  return Buffer.concat([Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]), memory, data]);
}

const files = readdirSync(pkg);
const written = (name) => statSync(`${pkg}/${name}`).mtimeMs;
/** The newest, where older builds left theirs. */
const one = (pattern) => `${pkg}/${files.filter((name) => pattern.test(name)).sort((a, b) => written(a) - written(b)).at(-1)}`;
const [first, loader, manifest] = [one(/^certnode\..*wasm$/), one(/^__wasm_split\..*js$/), one(/^__wasm_split_manifest\..*json$/)];
const script = readFileSync(loader, 'utf8');
if (!script.includes(NAME)) {
  const ranges = unread();
  const { moved, bytes } = without(readFileSync(first), ranges);
  const data = module(ranges);
  if (!WebAssembly.validate(bytes) || !WebAssembly.validate(data)) throw new Error('what was made is no WebAssembly');
  const name = `${NAME}.${createHash('sha256').update(data).digest('base64url').slice(0, 22)}`;
  const load = `const __data = makeLoad(() => {
    const src = fetch(new URL("./${name}.wasm", import.meta.url));
    return async (imports) => (WebAssembly.instantiateStreaming(src, imports));
}
, []);
`;
  // Every page's own part waits for it, as it waits for the parts that pages share.
  const pages = /(export const \w+ = wrapAsyncCb\(makeLoad\([^;]*;[^;]*;\n\}\n, \[)/g;
  const waits = script.match(pages)?.length ?? 0;
  if (waits === 0 || waits !== script.match(/export const/g).length) throw new Error('the loader is not as it was');
  const begin = script.search(/^(\/\*|const __chunk|export const)/m);
  writeFileSync(`${pkg}/${name}.wasm`, data);
  writeFileSync(first, bytes);
  writeFileSync(loader, script.slice(0, begin) + load + script.slice(begin).replace(pages, '$1__data, '));
  const preloads = JSON.parse(readFileSync(manifest, 'utf8'));
  Object.values(preloads).forEach((names) => names.unshift(name));
  writeFileSync(manifest, JSON.stringify(preloads));
  console.log(`${moved} bytes of other pages' data are out of the first load`);
}
