// Long run: kills a bus with publishers and durable subscribers at random instants, again and again, on one store; then
// lets it handle what is left, and checks that nothing was lost, swapped or skipped:
//   node scripts/chaos/durable-kill.mjs --rounds 60 --seed 7
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { live } from './life.mjs';
import { lmdbStore, ports, readAll } from './lmdb-library.mjs';
import { options } from './options.mjs';
import { seeded } from './seeded.mjs';
import { Subscribers } from './subscribers-said.mjs';

const { rounds, seed } = options({ rounds: 60, seed: Math.floor(Math.random() * 1e9) });
const random = seeded(seed);
const path = mkdtempSync(join(tmpdir(), 'breakwater-chaos-'));
console.log(`seed ${seed}, ${rounds} rounds`);

const wrong = [];
const published = [];
const subscribers = new Subscribers(wrong);
const given = () => ['--path', path, '--seed', String(Math.floor(random() * 1e9))];

const program = 'durable-program.mjs';
const lives = [];
for (let n = 1; n <= rounds; n += 1) lives.push(await live(program, given(), 60 + random() * 500, wrong));
lives.push(await live(program, [...given(), '--drain', '1'], undefined, wrong));

const store = lmdbStore({ path })(ports);
const { records, faults } = readAll(store.log);
const byPosition = new Map(records.map((record) => [record.position, record.event]));
await store.close();
if (faults.length > 0) wrong.push(`${faults.length} faults in the log`);

for (const lines of lives) {
  subscribers.note(lines);
  for (const [kind, p, n, position] of lines) {
    if (kind !== 'P') continue;
    published.push(position);
    const { p: by, n: nth } = byPosition.get(Number(position))?.data ?? {};
    if (by !== Number(p) || nth !== Number(n))
      wrong.push(`event ${n} of producer ${p} is not at ${position}`);
  }
}
if (new Set(published).size !== published.length) wrong.push('two publishes were told the same position');
subscribers.demand(records.map(({ position }) => position));

for (const each of wrong.slice(0, 10)) console.log(each);
console.log(
  `${rounds} kills, ${published.length} publishes acknowledged, ${records.length} events in the log, ` +
    `${subscribers.calls} calls, handled again: ${subscribers.again}; ${wrong.length} violations`,
);
rmSync(path, { recursive: true, force: true });
process.exitCode = wrong.length === 0 ? 0 : 1;
