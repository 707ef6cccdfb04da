// Long run: kills writers on a log of a gigabyte, and says how long it takes to open it again. After each, what was
// acknowledged last must be there:
//   node scripts/chaos/lmdb-reopen.mjs --rounds 100 --megabytes 1024 --seed 7 --sync group
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { live } from './life.mjs';
import { event, lmdbStore, ports, readAll } from './lmdb-library.mjs';
import { options } from './options.mjs';
import { seeded } from './seeded.mjs';
import { spread } from './spread.mjs';

const { rounds, seed, megabytes, sync } = options({
  rounds: 100,
  seed: Math.floor(Math.random() * 1e9),
  megabytes: 1_024,
  sync: 'group',
});
const random = seeded(seed);
const path = mkdtempSync(join(tmpdir(), 'breakwater-reopen-'));
const file = join(path, 'data.mdb');
const megabytesOf = () => Math.round(statSync(file).size / 2 ** 20);
console.log(`seed ${seed}, ${rounds} rounds, sync ${sync}`);

/** Appends events of 900 bytes until the file is as long as it shall be. */
async function fill() {
  const store = lmdbStore({ path, sync: 'os' })(ports);
  const text = 'x'.repeat(900);
  for (let n = 1; megabytesOf() < megabytes; n += 4_096) {
    const events = Array.from({ length: 4_096 }, (_, at) => {
      const made = event(99, n + at, n + at, 1);
      return { ...made, data: { ...made.data, text } };
    });
    await store.log.append(events);
  }
  await store.close();
}

/** Lets a writer live and die, opens what it leaves, and looks for what it was told. */
async function round(wrong) {
  const args = ['--path', path, '--seed', String(Math.floor(random() * 1e9)), '--sync', sync, '--trims', '0'];
  const lines = await live('lmdb-writer.mjs', args, 50 + random() * 450, wrong);
  const acknowledged = lines.filter(([kind]) => kind === 'A').map(([, ...rest]) => rest.map(Number));
  const began = performance.now();
  const store = lmdbStore({ path, sync })(ports);
  const tookMs = performance.now() - began;
  const from = Math.min(...acknowledged.map(([, , , position]) => position), store.log.bounds().last);
  const { records, faults } = readAll(store.log, { from });
  await store.close();
  for (const { position, reason } of faults) wrong.push(`fault at ${position}: ${reason}`);
  const found = new Map(records.map(({ position, event: { data } }) => [position, `${data.p} ${data.n}`]));
  let events = 0;
  for (const [p, start, size, position] of acknowledged) {
    events += size;
    for (let at = 0; at < size; at += 1)
      if (found.get(position + at) !== `${p} ${start + at}`)
        wrong.push(`event ${start + at} of producer ${p} is not at ${position + at}`);
  }
  return { tookMs, events };
}

await fill();
const before = megabytesOf();
const wrong = [];
const times = [];
let events = 0;
for (let n = 1; n <= rounds; n += 1) {
  const life = await round(wrong);
  times.push(life.tookMs);
  events += life.events;
}
for (const each of wrong.slice(0, 10)) console.log(each);
console.log(
  `${rounds} kills on a log of ${before} to ${megabytesOf()} MiB, ${events} events acknowledged, ${wrong.length} violations; ` +
    `opening again took ${spread(times)}`,
);
rmSync(path, { recursive: true, force: true });
process.exitCode = wrong.length === 0 ? 0 : 1;
