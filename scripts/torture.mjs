// Nodes on one PostgreSQL under load, and what can happen to them (torture/faults.mjs). Every answer is written down; at the
// end the whole of every log is read over HTTP and set against all that was acknowledged on the way, and fsck looks at
// everything. TORTURE_ROUNDS (1,000), TORTURE_NODES (3), TORTURE_SEED, TORTURE_FAULTS (names, by comma), TORTURE_DISK_MB.
import { Client } from './torture/client.mjs';
import { Cluster, sleep } from './torture/cluster.mjs';
import { faults as all, weights } from './torture/faults.mjs';
import { Load } from './torture/load.mjs';
import { judge } from './torture/oracle.mjs';
import { chance } from './torture/random.mjs';

const rounds = Number(process.env.TORTURE_ROUNDS ?? 1000);
const seed = Number(process.env.TORTURE_SEED ?? Date.now() % 1e9);
const WRITERS = 24;
const ORGS = 6;
/** A system that takes longer to be itself again has failed. */
const RECOVERY_MAX_MS = 30_000;

let failures = 0;
const fail = (why) => {
  failures += 1;
  process.exitCode = 1;
  if (failures <= 50) console.error(`FAILED: ${why}`);
};

const cluster = new Cluster({
  binary: process.env.CERTNODE_BINARY ?? 'target/release/certnode',
  nodes: Number(process.env.TORTURE_NODES ?? 3),
  port: Number(process.env.TORTURE_PORT ?? 3250),
  diskMb: Number(process.env.TORTURE_DISK_MB ?? 3000),
});
// The faults are drawn apart from the load, whose order is that of the answers.
const fate = chance(seed);
const client = new Client({ cluster, chance: chance(seed + 1), fail });
const load = new Load({ client, chance: chance(seed + 2), fail });
const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
const spread = (times) => {
  const sorted = times.toSorted((a, b) => a - b);
  return `p50 ${percentile(sorted, 0.5)} ms, p99 ${percentile(sorted, 0.99)} ms, longest ${sorted.at(-1)} ms`;
};

const signUp = async (n) => {
  const form = (path, fields, cookie) =>
    fetch(cluster.url(0) + path, { method: 'POST', redirect: 'manual', body: new URLSearchParams(fields), headers: { accept: 'application/json', ...(cookie && { cookie }) } });
  const signedUp = await form('/sign-up', { name: 'Torture', email: `torture${n}@example.com`, password: 'correct horse battery', organisation: `Torture ${n}` });
  const cookie = signedUp.headers.get('set-cookie').split(';')[0];
  const { secret: key } = await (await form('/fn/app/keys/api/create_api_key', { name: 'torture', mode: 'test' }, cookie)).json();
  client.orgs.push({ key, receipts: new Map(), keys: new Map(), roots: new Map(), free: [], ended: new Map(), erased: new Set(), evidence: new Set() });
};

/** How long after `since` every organisation had a receipt through every node. */
const recovered = async (since) => {
  const probe = (org, n) => load.issue(org, { reference: load.name('probe') }, { n });
  await Promise.all(client.orgs.flatMap((org) => [...cluster.nodes.keys()].map((n) => probe(org, n))));
  return Date.now() - since;
};

const recoveries = {};
let past = 0;
const report = (round, started) => {
  const { acknowledged, retried, unknown, refused } = client.counts;
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(`round ${round} of ${rounds}, ${seconds} s: ${acknowledged} acknowledged, ${unknown} unknown, ${refused} refused, ${retried} tried again, ${failures} failures`);
};

const happen = async () => {
  const faults = all(cluster, client, { chance: fate, fail });
  const names = process.env.TORTURE_FAULTS?.split(',') ?? Object.keys(faults).filter((name) => name !== 'disk full' || cluster.mounted);
  // Each once, so that a short run has seen them all, and then by weight.
  const deck = names.map((name) => [fate.random(), name]).toSorted(([a], [b]) => a - b);
  const started = Date.now();
  for (let round = 1; round <= rounds && !isToStop; round += 1) {
    past = round;
    await sleep(100 + fate.random() * 400);
    const name = deck.pop()?.[1] ?? fate.weighted(Object.fromEntries(names.map((name) => [name, weights[name]])));
    const lifted = await faults[name]();
    const took = await recovered(typeof lifted === 'number' ? lifted : Date.now());
    if (took > RECOVERY_MAX_MS) fail(`after "${name}", in round ${round}, it took ${took} ms until everything worked`);
    (recoveries[name] ??= []).push(took);
    if (round % 50 === 0 || round === rounds) {
      report(round, started);
      if (round % 50 === 0) console.log(summary());
    }
  }
};
const summary = () =>
  Object.entries(recoveries)
    .map(([name, times]) => `  ${String(times.length).padStart(4)} × ${name}: back after ${spread(times)}`)
    .join('\n');

// Told to stop, it judges what there was until then.
let isToStop = false;
['SIGTERM', 'SIGINT'].forEach((signal) => process.once(signal, () => (isToStop = true)));

try {
  await cluster.start();
  for (let n = 0; n < ORGS; n += 1) await signUp(n);
  const writers = Array.from({ length: WRITERS }, () => load.writer());
  await happen();
  load.stopping = true;
  await Promise.all(writers);
  const totals = await judge(cluster, client, load, fail);
  console.log(`${past} rounds, seed ${seed}:\n${summary()}`);
  console.log(`what was done: ${JSON.stringify(load.did)}`);
  console.log(`refused meanwhile: ${JSON.stringify(client.refusals)}; ${client.counts.elsewhere} went to another node`);
  console.log(`${client.counts.acknowledged} acknowledged, ${totals.checkpoints} checkpoints, ${totals.entries} entries in ${client.orgs.length} logs (${totals.unanswered} never answered), ${totals.ended} ended, ${totals.erasures} erased, ${totals.files} files`);
  console.log(`an answer took ${spread(client.waits)}`);
  if (!cluster.command(['fsck'])) fail('fsck');
} catch (error) {
  fail(error.stack);
} finally {
  await cluster.stop();
}
client.agent.destroy();
if (failures > 0) {
  console.error(`${failures} failures; what the nodes said is in ${cluster.dir}, and ended with:`);
  cluster.lastWords().forEach((line) => console.error(line));
} else {
  cluster.forget();
  console.log('nothing lost, nothing forked, nothing twice');
}
