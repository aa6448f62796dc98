// What is between the nodes and PostgreSQL: a TCP port for each node, passed on to the Unix socket, until somebody stands on
// the cable. Runs in a thread of its own, so that it is the network that is slow and not this script.
import net from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

/** How long PostgreSQL keeps a connection whose other end is gone without a word. */
const GHOST_MS = 20_000;

const pairs = workerData.ports.map(() => new Set());
const held = workerData.ports.map(() => false);

const pass = (pair, from, to) => {
  from.on('data', (chunk) => {
    if (to.write(chunk)) return;
    from.pause();
    to.once('drain', () => pair.held || from.resume());
  });
  from.on('end', () => pair.ghost || to.end());
  from.on('error', () => {});
  from.on('close', () => pair.ghost || to.destroy());
};

for (const [node, port] of workerData.ports.entries()) {
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const database = net.connect({ path: workerData.socket, allowHalfOpen: true });
    const pair = { ends: [client, database], held: held[node], ghost: false };
    pairs[node].add(pair);
    pass(pair, client, database);
    pass(pair, database, client);
    client.on('close', () => pair.ghost || pairs[node].delete(pair));
    if (pair.held) pair.ends.forEach((end) => end.pause());
  });
  server.listen(port, '127.0.0.1', () => parentPort.postMessage({ listening: node }));
}

const acts = {
  /** Every connection of the node ends at once. */
  cut: (node) => pairs[node].forEach(({ ends }) => ends.forEach((end) => end.destroy())),
  /** Nothing passes, in either direction; what was said waits on the way. */
  stall: (node) => {
    held[node] = true;
    for (const pair of pairs[node]) {
      pair.held = true;
      pair.ends.forEach((end) => end.pause());
    }
  },
  resume: (node) => {
    held[node] = false;
    for (const pair of pairs[node]) {
      pair.held = false;
      pair.ends.forEach((end) => end.resume());
    }
  },
  /** What is open stays open and is dead: neither end is told. New connections are as ever. */
  halfOpen: (node) => {
    for (const pair of pairs[node]) {
      pair.ghost = pair.held = true;
      pair.ends.forEach((end) => end.pause());
      pairs[node].delete(pair);
      setTimeout(() => pair.ends.forEach((end) => end.destroy()), GHOST_MS).unref();
    }
  },
};
parentPort.on('message', ({ act, node }) => {
  acts[act](node);
  parentPort.postMessage({ done: act });
});
