// What happens to the system. Each fault returns when it is over and everything is there again that it took away; what is
// measured is how long it takes from then until every organisation gets a receipt through every node.
import { sleep } from './cluster.mjs';

/** How often each, in hundredths or so; the slow ones are the rare ones. */
export const weights = {
  'node killed': 20,
  'database killed': 12,
  'connections cut': 16,
  'backends terminated': 12,
  'node stopped': 8,
  'network stalled': 10,
  'half-open': 6,
  'stalled beyond the lease': 2,
  'node asleep': 2,
  'disk full': 3,
  'rolling restart': 3,
};

export const faults = (cluster, client, { chance, fail }) => {
  const some = () => chance.below(cluster.nodes.length);
  const all = () => [...cluster.nodes.keys()];
  /** One node's network, or everyone's. */
  const networks = () => (chance.random() < 0.5 ? all() : [some()]);
  const ready = () => Promise.all(all().map((n) => cluster.ready(n)));
  const restart = async (n) => {
    const code = await cluster.end(n, 'SIGTERM');
    if (code !== 0) fail(`a node that was told to stop ended with ${code}`);
    cluster.startNode(n);
    await cluster.ready(n);
  };
  const stall = async (ms) => {
    const nodes = networks();
    await cluster.network('stall', nodes);
    await sleep(ms);
    await cluster.network('resume', nodes);
  };
  return {
    'node killed': async () => {
      const n = some();
      await cluster.end(n, 'SIGKILL');
      await sleep(chance.random() * 300);
      const started = Date.now();
      cluster.startNode(n);
      await cluster.ready(n);
      return started;
    },
    'database killed': async () => {
      await cluster.killPostgres();
      return Date.now();
    },
    'connections cut': async () => cluster.network('cut', networks()),
    'backends terminated': async () => cluster.terminateBackends(),
    'node stopped': async () => restart(some()),
    'network stalled': async () => stall(100 + chance.random() * 1_400),
    'stalled beyond the lease': async () => stall(7_000),
    'half-open': async () => cluster.network('halfOpen', networks()),
    'node asleep': async () => {
      const n = some();
      cluster.nodes[n].kill('SIGSTOP');
      await sleep(5_000);
      cluster.nodes[n].kill('SIGCONT');
    },
    'disk full': async () => {
      const empty = cluster.fillDisk();
      await sleep(1_000 + chance.random() * 4_000);
      empty();
    },
    'rolling restart': async () => {
      await ready();
      client.strict = [];
      for (const n of all()) await restart(n);
      const failed = client.strict;
      client.strict = null;
      if (failed.length > 0) fail(`${failed.length} requests failed while nodes were restarted in turn: ${failed.slice(0, 5).join('; ')}`);
    },
  };
};
