// Kills a bus with publishers and durable subscribers at random instants, again and again, on one store; then lets it
// handle what is left, and checks that nothing was lost, swapped or skipped:
//   node scripts/chaos/durable-kill.mjs --rounds 60 --seed 7
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lmdbStore, options, ports, readAll, seeded } from './lmdb-library.mjs';

const { rounds, seed } = options({ rounds: 60, seed: Math.floor(Math.random() * 1e9) });
const random = seeded(seed);
const path = mkdtempSync(join(tmpdir(), 'breakwater-chaos-'));
const program = fileURLToPath(new URL('durable-program.mjs', import.meta.url));
console.log(`seed ${seed}, ${rounds} rounds`);

const wrong = [];
const published = [];
/** By subscriber: positions that were handled, given up, and how often one was handled again. */
const subscribers = new Map(
  ['keyed', 'total', 'lagging'].map((name) => [name, { done: new Set(), again: 0 }]),
);
let calls = 0;

/** What one life of the program said, in order. */
class Life {
  #rest = '';
  lines = [];

  hear(chunk) {
    const lines = (this.#rest + chunk).split('\n');
    // Half a line of one that was killed means nothing.
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.lines.push(line.split(' '));
  }
}

async function live(args, killAfterMs) {
  const life = new Life();
  const child = spawn(
    process.execPath,
    [program, '--path', path, '--seed', String(Math.floor(random() * 1e9)), ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const closed = new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));
  child.stdout.setEncoding('utf8');
  const started = new Promise((resolve) => {
    child.stdout.on('data', (chunk) => {
      life.hear(chunk);
      resolve();
    });
  });
  if (killAfterMs !== undefined) {
    await Promise.race([started, closed]);
    await new Promise((resolve) => setTimeout(resolve, killAfterMs));
    child.kill('SIGKILL');
  }
  const ended = await closed;
  const expected = killAfterMs === undefined ? 0 : 'SIGKILL';
  if (ended !== expected) wrong.push(`a program ended by itself: ${ended}`);
  return life;
}

/** Notes what happened, and that within one life no two events overlap or swap where an order was asked for. */
function note({ lines }, keyOf) {
  const running = new Map();
  const lastOf = new Map();
  for (const [kind, name, at, attempt, ok] of lines) {
    const position = Number(at);
    const group = name === 'total' ? 'total' : name === 'keyed' ? `keyed ${keyOf(position)}` : undefined;
    if (kind === 'S') {
      calls += 1;
      if (group === undefined) continue;
      if (running.has(group))
        wrong.push(`${name} began ${position} while ${running.get(group)} ran (${group})`);
      if ((lastOf.get(group) ?? 0) > position) {
        wrong.push(`${name} began ${position} after ${lastOf.get(group)} (${group}, attempt ${attempt})`);
      }
      running.set(group, position);
      lastOf.set(group, position);
    } else if (kind === 'H') {
      running.delete(group);
      const { done } = subscribers.get(name);
      if (ok !== '1') continue;
      if (done.has(position)) subscribers.get(name).again += 1;
      done.add(position);
    } else if (kind === 'D') subscribers.get(name).done.add(position);
  }
}

const lives = [];
for (let n = 1; n <= rounds; n += 1) lives.push(await live([], 60 + random() * 500));
lives.push(await live(['--drain', '1']));

const store = lmdbStore({ path })(ports);
const { records, faults } = readAll(store.log);
const byPosition = new Map(records.map((record) => [record.position, record.event]));
await store.close();
if (faults.length > 0) wrong.push(`${faults.length} faults in the log`);

for (const life of lives) {
  note(life, (position) => byPosition.get(position)?.key);
  for (const [kind, p, n, position] of life.lines) {
    if (kind !== 'P') continue;
    published.push(position);
    const { p: by, n: nth } = byPosition.get(Number(position))?.data ?? {};
    if (by !== Number(p) || nth !== Number(n))
      wrong.push(`event ${n} of producer ${p} is not at ${position}`);
  }
}
if (new Set(published).size !== published.length) wrong.push('two publishes were told the same position');
for (const [name, { done }] of subscribers) {
  const lost = records.filter(({ position }) => !done.has(position)).map(({ position }) => position);
  if (lost.length > 0)
    wrong.push(`${name} has neither handled nor given up ${lost.length}: ${lost.slice(0, 5).join(', ')}`);
}

for (const each of wrong.slice(0, 10)) console.log(each);
const again = [...subscribers].map(([name, counts]) => `${name} ${counts.again}`).join(', ');
console.log(
  `${rounds} kills, ${published.length} publishes acknowledged, ${records.length} events in the log, ${calls} calls, ` +
    `handled again: ${again}; ${wrong.length} violations`,
);
rmSync(path, { recursive: true, force: true });
process.exitCode = wrong.length === 0 ? 0 : 1;
