// Long run: events at a steady rate through a bus in memory, with lanes, retries and a breaker, and what the heap holds after
// each minute. It should not grow:
//   node --expose-gc scripts/soak.mjs --minutes 30 --rate 10000
import { setTimeout as pause } from 'node:timers/promises';
import { compiled, silent } from './chaos/compiled.mjs';
import { options } from './chaos/options.mjs';

const { minutes, rate } = options({ minutes: 30, rate: 10_000 });
const priorities = ['critical', 'high', 'normal', 'low'];
const stepMs = 10;

const { createBus } = await compiled('src/index');
if (globalThis.gc === undefined) throw new Error('start it with node --expose-gc');
const bus = createBus({ source: 'soak', logger: silent });
let handled = 0;
let failed = 0;
bus.subscribe('order.placed', async ({ data }, { attempt }) => {
  // One of a thousand fails once, and is tried again.
  if (data.n % 1000 === 0 && attempt === 1) {
    failed += 1;
    throw new Error('at first');
  }
  handled += 1;
});

const heaps = [];
const began = performance.now();
let published = 0;
for (let minute = 1; minute <= minutes; minute += 1) {
  while (performance.now() - began < minute * 60_000) {
    const due = Math.floor(((performance.now() - began) * rate) / 1000);
    for (; published < due; published += 1) {
      const priority = priorities[published % 4];
      bus.emit('order.placed', { n: published }, { priority, key: `k${published % 5000}` });
    }
    await pause(stepMs);
  }
  await bus.idle();
  globalThis.gc();
  heaps.push(process.memoryUsage().heapUsed / 1024 ** 2);
  console.log(
    `minute ${minute}: ${published} published, ${handled} handled, heap ${heaps.at(-1).toFixed(2)} MiB`,
  );
}
const third = Math.max(1, Math.floor(heaps.length / 3));
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const [before, after] = [mean(heaps.slice(-2 * third, -third)), mean(heaps.slice(-third))];
console.log(
  `${published} events, ${failed} tried again; the heap of the second third ${before.toFixed(2)} MiB, of the last ${after.toFixed(2)} MiB`,
);
await bus.close();
process.exitCode = handled === published ? 0 : 1;
