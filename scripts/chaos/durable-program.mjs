// A bus on LMDB with publishers and durable subscribers, to be killed. Says on its standard output what happened:
// "P producer n position" for a publish that resolved, "S subscriber position attempt key" when a handler begins,
// "H subscriber position attempt ok" when it ends, "D subscriber position" for each dead letter that it ends with.
// With --drain it publishes nothing, waits until all is handled, and closes. With --archive FOLDER its store also
// archives, compacts, trims and audits all the time: "B" and "E removed" around a sweep, "T before" and "U before"
// around a trim.
import { writeSync } from 'node:fs';
import { setTimeout as after } from 'node:timers/promises';
import { silent } from './compiled.mjs';
import { createBus, durableTransport, lmdb, lmdbStore, maintain } from './lmdb-library.mjs';
import { options } from './options.mjs';
import { seeded } from './seeded.mjs';

const { path, seed, drain, archive } = options({ path: '', seed: 1, drain: 0, archive: '' });
const random = seeded(seed);
const say = (line) => writeSync(1, `${line}\n`);

const kept =
  archive === ''
    ? undefined
    : maintain(lmdbStore({ path, sync: random() < 0.5 ? 'os' : 'group' }), {
        retention: [{ patterns: ['chaos.p1'], keep: 'last-per-key' }, { maxCount: 20 }],
        archive: { folder: archive, segmentEvents: 64 },
        audit: { everyMs: 20 },
        everyMs: 3_600_000,
      });
const transport =
  kept === undefined
    ? lmdb({ path, cursorIntervalMs: 20 })
    : durableTransport(kept, { cursorIntervalMs: 20 });
const bus = createBus({ transport, logger: silent });
await bus.ready();

/** Fails once in a while, and always for some events; takes its time now and then. */
function handler(name) {
  return async ({ data, key }, { position, attempt }) => {
    say(`S ${name} ${position} ${attempt} ${key}`);
    if (random() < 0.1) await after(random() * 8);
    // Falls behind, so that its place is what holds up trims and sweeps.
    if (name === 'lagging' && kept !== undefined && !drain) await after(random() * 40);
    const fails = data.n % 97 === 0 || (data.n % 7 === 0 && attempt === 1);
    say(`H ${name} ${position} ${attempt} ${fails ? 0 : 1}`);
    if (fails) throw new Error('as told');
  };
}

const retry = { maxAttempts: 3, baseMs: 5, budgetRatio: 1, minRetriesPerSecond: 10_000 };
const shared = { from: 'start', breaker: false, retry };
bus.subscribe('chaos.>', handler('keyed'), { ...shared, name: 'keyed', order: 'key' });
bus.subscribe('chaos.>', handler('total'), { ...shared, name: 'total', order: 'total' });
bus.subscribe('chaos.>', handler('lagging'), {
  ...shared,
  name: 'lagging',
  concurrency: 4,
  mailbox: { capacity: 16 },
});

async function produce(p) {
  for (let n = 1; ; n += 1) {
    const size = random() < 0.2 ? 1 + Math.floor(random() * 20) : 1;
    const events = Array.from({ length: size }, (_, at) => ({
      id: crypto.randomUUID(),
      type: `chaos.p${p % 2}`,
      source: 'chaos',
      time: Date.now(),
      priority: random() < 0.1 ? 'critical' : 'normal',
      schemaVersion: 1,
      key: `k${Math.floor(random() * 8)}`,
      data: { p, n: n + at },
    }));
    const receipts = await bus.publishBatch(events);
    for (const [at, { position }] of receipts.entries()) say(`P ${p} ${n + at} ${position}`);
    n += size - 1;
    await after(random() * 4);
  }
}

/** Sweeps, and trims a part of what all subscribers have passed and all audits have seen. */
async function sweep() {
  for (;;) {
    say('B');
    const { floor, removed } = await kept.run();
    say(`E ${removed}`);
    const { first } = await kept.log().bounds();
    const before = first + Math.floor(random() * Math.max(0, floor - first + 1));
    if (random() < 0.5 && before > first) {
      say(`T ${before}`);
      await kept.log().trim(before);
      say(`U ${before}`);
    }
    await after(random() * 4);
  }
}

say('ready');
if (drain) {
  await bus.idle();
  for (const { subscriber, position } of bus.deadLetters.list()) say(`D ${subscriber} ${position}`);
  await bus.close();
} else {
  const producers = Array.from({ length: kept === undefined ? 6 : 3 }, (_, p) => produce(p));
  await Promise.all(kept === undefined ? producers : [...producers, sweep()]);
}
