// Long run: worker processes share keys in order on JetStream while they are killed, stopped for longer than their
// leases, leave and join. Then every event must have been handled, each key in order, and nobody must have acted
// after a later owner had:
//   node scripts/chaos/nats-partitions.mjs --rounds 500 --seed 7
// A machine that is busy with other things needs longer leases than the 400 ms that make rounds short: --lease 1500.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { silent } from './compiled.mjs';
import { createBus, jetStream } from './nats-library.mjs';
import { serverIn } from './nats-server.mjs';
import { options } from './options.mjs';
import { seeded } from './seeded.mjs';
import { spread } from './spread.mjs';
import { startWorkers } from './worker-faults.mjs';

const {
  rounds,
  seed,
  lease: leaseMs,
} = options({
  rounds: 500,
  seed: Math.floor(Math.random() * 1e9),
  lease: 400,
});
const random = seeded(seed);
const keys = 24;
const folder = mkdtempSync(join(tmpdir(), 'breakwater-chaos-'));
const path = join(folder, 'lines');
console.log(`seed ${seed}, ${rounds} rounds`);

const server = await serverIn(folder);
await server.start();
const { url } = server;
const namespace = 'chaos';
writeFileSync(path, '');
const workers = startWorkers('nats-worker.mjs', { url, namespace, leaseMs, path }, random);
const bus = createBus({ logger: silent, transport: jetStream({ servers: url, namespace }) });
let published = 0;
let publishing = true;
const publisher = (async () => {
  for (; publishing; published += 1) {
    const step = published + 1;
    await Promise.all(
      Array.from({ length: keys }, (_, key) => bus.publish('chaos.step', step, { key: `k${key}` })),
    );
    await pause(10);
  }
})();

const lines = () => readFileSync(path, 'utf8').split('\n').slice(0, -1);
while (lines().length < keys) await pause(20);
await workers.strike(rounds, { stop: 0.7, kill: 0.15 });
publishing = false;
await publisher;
await bus.close();

const wrong = [];
let again = 0;
let refused = 0;

/**
 * The state of each key after its lines, with what is wrong with them. A step comes first after the one before it;
 * it may come again under a later token. A handler that had begun when its process was stopped may end after a later
 * owner has acted: a store that looks at tokens refuses it. Its line bears the time at which it began.
 */
function check(text) {
  const states = new Map();
  wrong.length = 0;
  again = 0;
  refused = 0;
  for (const line of text) {
    const [key, n, token, , at] = line.split(' ').map((part, place) => (place === 0 ? part : Number(part)));
    const state = states.get(key) ?? { n: 0, token: 0, since: 0, seen: 0 };
    if (token < state.token) {
      if (at > state.since) wrong.push(`foreign: ${line} after token ${state.token}`);
      else refused += 1;
      continue;
    }
    if (n > state.n + 1) wrong.push(`gap: ${line} after ${state.n}`);
    else if (n <= state.n && token === state.token && n <= state.seen)
      wrong.push(`order: ${line} after ${state.seen}`);
    if (n <= state.n) again += 1;
    const since = token > state.token ? at : state.since;
    states.set(key, { n: Math.max(n, state.n), token, since, seen: n });
  }
  return states;
}

let states = check(lines());
const isComplete = () => states.size === keys && [...states.values()].every(({ n }) => n === published);
// As long as something goes on: how fast, a busy machine decides.
for (let quiet = 0, before = 0; quiet < 200 && !isComplete(); quiet += 1) {
  await pause(200);
  const text = lines();
  if (text.length > before) quiet = 0;
  before = text.length;
  states = check(text);
}
for (const [key, { n }] of states)
  if (n !== published) wrong.push(`lost: ${key} ended at ${n} of ${published}`);

/** Milliseconds from each kill until every key that the dead had handled last was handled again. */
function takeovers() {
  const rows = lines().map((line) => line.split(' '));
  return workers.kills.map(({ pid, at }) => {
    const owner = new Map();
    const back = new Map();
    for (const [key, , , who, when] of rows) {
      if (Number(when) <= at) owner.set(key, Number(who));
      else if (owner.get(key) === pid && !back.has(key)) back.set(key, Number(when) - at);
    }
    return Math.max(0, ...back.values());
  });
}

for (const text of wrong.slice(0, 10)) console.log(text);
console.log(
  `${workers.told(rounds)}, ${published * keys} events, ${again} handled again, ${refused} begun before a stop and ended after a take-over, ` +
    `takeover after a kill ${spread(takeovers())}, ${wrong.length} violations`,
);
await workers.end();
await server.kill();
rmSync(folder, { recursive: true, force: true });
process.exitCode = wrong.length === 0 ? 0 : 1;
