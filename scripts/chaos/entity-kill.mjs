// Long run: kills a bus that hosts entities at random instants, again and again, on one store; then checks that each
// entity is the fold of its events, that each emitted event is there once for its cause, and that no delay was lost:
//   node scripts/chaos/entity-kill.mjs --rounds 200 --seed 7
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { live } from './life.mjs';
import { lmdbStore, ports, readAll } from './lmdb-library.mjs';
import { options } from './options.mjs';
import { seeded } from './seeded.mjs';

const { rounds, seed } = options({ rounds: 200, seed: Math.floor(Math.random() * 1e9) });
const random = seeded(seed);
const path = mkdtempSync(join(tmpdir(), 'breakwater-chaos-'));
const program = 'entity-program.mjs';
console.log(`seed ${seed}, ${rounds} rounds`);

const wrong = [];
const given = () => ['--path', path, '--seed', String(Math.floor(random() * 1e9))];
const acknowledged = new Set();
for (let n = 1; n <= rounds; n += 1) {
  const killAfterMs = 30 + random() * 400;
  for (const [kind, id] of await live(program, given(), killAfterMs, wrong))
    if (kind === 'P') acknowledged.add(id);
}
const last = await live(program, [...given(), '--drain', '1'], undefined, wrong);

const store = lmdbStore({ path })(ports);
const { records, faults } = readAll(store.log);
await store.close();
if (faults.length > 0) wrong.push(`${faults.length} faults in the log`);

/** What the entities come to when nothing goes wrong. */
const folded = new Map();
const fifths = new Map();
for (const { event } of records) {
  if (event.type !== 'ledger.booked') continue;
  const { key, amount } = event.data;
  const { n, hash } = folded.get(key) ?? { n: 0, hash: 7 };
  folded.set(key, { n: n + 1, hash: (hash * 31 + amount) % 1_000_003 });
  if ((n + 1) % 5 === 0) fifths.set(event.id, `${key} ${n + 1}`);
}

const ids = records.map(({ event }) => event.id);
if (new Set(ids).size !== ids.length) wrong.push('an event stands in the log twice');
const there = new Set(ids);
for (const id of acknowledged) if (!there.has(id)) wrong.push(`${id} was acknowledged and is lost`);

const emitted = records.filter(({ event }) => event.type === 'ledger.fifth');
for (const { event } of emitted) {
  const expected = fifths.get(event.causationId);
  if (expected !== `${event.data.key} ${event.data.n}`) {
    wrong.push(`${event.id} is emitted for ${event.causationId}, which is no fifth, or the second time`);
  }
  fifths.delete(event.causationId);
}
if (fifths.size > 0)
  wrong.push(`${fifths.size} events were not emitted: ${[...fifths.values()].slice(0, 5).join(', ')}`);

const rests = records.filter(({ event }) => event.type === 'ledger.rested').map(({ event }) => event);
if (new Set(rests.map(({ causationId }) => causationId)).size !== rests.length)
  wrong.push('a delay ended twice');
const rested = new Map();
for (const { data } of rests) {
  if ((rested.get(data.key) ?? 0) >= data.n)
    wrong.push(`${data.key} rested at ${data.n} after ${rested.get(data.key)}`);
  rested.set(data.key, data.n);
}

for (const [kind, key, state, n, hash] of last) {
  if (kind !== 'E') continue;
  const expected = folded.get(key) ?? { n: 0, hash: 7 };
  if (Number(n) !== expected.n || Number(hash) !== expected.hash) {
    wrong.push(`${key} is ${n} ${hash}, its events make ${expected.n} ${expected.hash}`);
  }
  if (state !== 'idle' || (rested.get(key) ?? 0) !== expected.n) {
    wrong.push(`${key} is ${state} and rested at ${rested.get(key)} of ${expected.n}: a delay was lost`);
  }
}
if (last.filter(([kind]) => kind === 'E').length === 0) wrong.push('no entity answered');

for (const each of wrong.slice(0, 10)) console.log(each);
console.log(
  `${rounds} kills, ${acknowledged.size} events acknowledged, ${records.length} in the log, ${folded.size} entities, ` +
    `${emitted.length} emitted by events and ${rests.length} by delays; ${wrong.length} violations`,
);
rmSync(path, { recursive: true, force: true });
process.exitCode = wrong.length === 0 ? 0 : 1;
