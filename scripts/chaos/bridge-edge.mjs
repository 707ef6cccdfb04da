// A bus on LMDB with a bridge, to be killed. Says on its standard output what happened: "P id key" for each publish that
// resolved, "S lag forwarded found heap rss" at each line that it is told. Publishes `rate` events a second in rounds of 10 ms
// until it is told "stop"; told "drain" it says "D milliseconds" when all is over, and ends.
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { silent } from './compiled.mjs';
import { createBus, lmdb } from './lmdb-library.mjs';
import { bridge } from './nats-library.mjs';

const { path, to, rate, keys, types, quiet = false } = JSON.parse(process.argv[2] ?? '{}');
const bus = createBus({ source: 'edge', transport: lmdb({ path }), logger: silent });
const far = bridge(bus, { to, logger: silent });
const say = (line) => writeSync(1, `${line}\n`);
let publishing = true;
let n = 0;

for await (const line of commands()) {
  if (line === 'stop') publishing = false;
  if (line === 'drain') {
    publishing = false;
    const start = performance.now();
    await bus.idle();
    await far.drained();
    say(`D ${performance.now() - start}`);
    status();
    await bus.close();
    process.exit(0);
  }
  status();
}

async function* commands() {
  void publishAll();
  yield* createInterface({ input: process.stdin });
}

async function publishAll() {
  const start = performance.now();
  while (publishing) {
    const due = ((performance.now() - start) * rate) / 1000;
    const round = [];
    for (; n < due; n += 1) round.push(publish(`k${n % keys}`));
    await Promise.all(round);
    await pause(10);
  }
}

async function publish(key) {
  const { id } = await bus.publish(`edge.t${n % types}`, { n, text: 'x'.repeat(100) }, { key });
  if (!quiet) say(`P ${id} ${key}`);
}

function status() {
  const { lag, forwarded, found } = far.status();
  const { rss, heapUsed, external } = process.memoryUsage();
  say(`S ${lag} ${forwarded} ${found} ${heapUsed + external} ${rss}`);
}
