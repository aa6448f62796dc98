// Checks a period's archive away from the page, with the page's own WebAssembly: /verify-worker.js?<glue>&<wasm>, as the
// page names both. Takes [turn, file, policy], or [turn] to stop; answers [turn, count, total] on the way and
// [turn, report] at the end, where null is a file that could not be read. Its first word, [0], is that it is ready.
const [glue, wasm] = location.search.slice(1).split('&');
const ready = (async () => {
  if (![glue, wasm].every((path) => /^\/pkg\/[\w.-]+$/.test(path))) throw new Error('both are below /pkg/');
  const client = await import(glue);
  await client.default({ module_or_path: wasm });
  const checked = (file, policy, goesOn) => new Promise((done) => client.check_period(file, policy, goesOn, done));
  // Of nothing: what it needs is then here, and stays when the network goes.
  await checked(new File([], ''), '', () => true);
  postMessage([0]);
  return checked;
})();
// The page hears of errors, not of promises that were not kept.
const fail = (error) => setTimeout(() => { throw error; });
ready.catch(fail);

let wanted = 0;
const check = async (turn, file, policy) => {
  const checked = await ready;
  let told = 0;
  const goesOn = (count, total) => {
    if (performance.now() - told > 100) {
      told = performance.now();
      postMessage([turn, count, total]);
    }
    return turn === wanted;
  };
  postMessage([turn, await checked(file, policy, goesOn)]);
};
onmessage = ({ data: [turn, file, policy] }) => {
  wanted = turn;
  if (file) check(turn, file, policy).catch(fail);
};
