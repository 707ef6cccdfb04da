// Writes to a store until it is killed, and says on its standard output what was acknowledged:
// "A producer start size position ms" for a commit that resolved, "T position" before a trim.
import { writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { event, lmdbStore, ports } from './lmdb-library.mjs';
import { options } from './options.mjs';
import { seeded } from './seeded.mjs';

const { path, seed, sync, producers, trims, batch } = options({
  path: '',
  seed: 1,
  sync: 'group',
  producers: 8,
  trims: 1,
  batch: 12,
});
const random = seeded(seed);
const store = lmdbStore({ path, sync })(ports);

const say = (line) => writeSync(1, `${line}\n`);

async function produce(p) {
  const bytes = await store.snapshots.read('state', `p${p}`);
  let n = bytes === undefined ? 0 : Number(new TextDecoder().decode(bytes.value));
  let revision = bytes?.revision ?? 0;
  for (;;) {
    const size = 1 + Math.floor(random() * (random() < 0.05 ? Math.max(300, batch) : batch));
    const start = n + 1;
    const events = Array.from({ length: size }, (_, at) => event(p, start + at, start, size));
    const value = new TextEncoder().encode(String(n + size));
    const done = await store.commit({
      events,
      writes: [{ bucket: 'state', key: `p${p}`, value, expected: revision }],
    });
    n += size;
    revision = done.revisions[0];
    say(`A ${p} ${start} ${size} ${done.first} ${performance.timeOrigin + performance.now()}`);
  }
}

async function trim() {
  for (;;) {
    await pause(20 + random() * 80);
    const { first, last } = store.log.bounds();
    const before = Math.floor(first + (last - first) * random() * 0.8);
    say(`T ${before}`);
    await store.log.trim(before);
  }
}

say('ready');
await Promise.all([...Array.from({ length: producers }, (_, p) => produce(p)), ...(trims ? [trim()] : [])]);
