// Long run: kills a writer at random instants, again and again, on one store, and checks after each that nothing is lost:
//   node scripts/chaos/lmdb-kill.mjs --rounds 200 --seed 7 --sync group --batch 12
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { live } from './life.mjs';
import { lmdbStore, ports } from './lmdb-library.mjs';
import { Record, verify } from './lmdb-verify.mjs';
import { options } from './options.mjs';
import { seeded } from './seeded.mjs';
import { spread } from './spread.mjs';

const {
  rounds,
  seed,
  sync,
  batch,
  path: given,
} = options({
  rounds: 200,
  seed: Math.floor(Math.random() * 1e9),
  sync: 'group',
  batch: 12,
  path: '',
});
const random = seeded(seed);
const path = given === '' ? mkdtempSync(join(tmpdir(), 'breakwater-chaos-')) : given;
console.log(`seed ${seed}, ${rounds} rounds, sync ${sync}, batches of up to ${batch}`);

const record = new Record();
const reopened = [];
let failures = 0;
for (let n = 1; n <= rounds; n += 1) {
  const wrong = [];
  const seeds = ['--seed', String(Math.floor(random() * 1e9))];
  const args = ['--path', path, ...seeds, '--sync', sync, '--batch', String(batch)];
  for (const words of await live('lmdb-writer.mjs', args, 50 + random() * 450, wrong)) record.hear(words);
  const before = performance.now();
  const store = lmdbStore({ path, sync })(ports);
  reopened.push(performance.now() - before);
  wrong.push(...verify(store, record).wrong);
  await store.close();
  if (wrong.length === 0) continue;
  failures += wrong.length;
  console.log(`round ${n}: ${wrong.slice(0, 5).join('; ')}`);
  if (failures > 20) break;
}
const events = record.acknowledged.reduce((sum, { size }) => sum + size, 0);
console.log(
  `${rounds} kills, ${record.acknowledged.length} commits and ${events} events acknowledged, ${failures} violations; ` +
    `opening again took ${spread(reopened)}`,
);
if (given === '') rmSync(path, { recursive: true, force: true });
process.exitCode = failures === 0 ? 0 : 1;
