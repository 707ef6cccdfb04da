// Long run: worker processes share keys in order on JetStream while they are killed, stopped for longer than their
// leases, leave and join. Then every event must have been handled, each key in order, and nobody must have acted
// after a later owner had:
//   node scripts/chaos/nats-partitions.mjs --rounds 500 --seed 7
// A machine that is busy with other things needs longer leases than the 400 ms that make rounds short: --lease 1500.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createBus } from 'breakwater';
import { jetStream } from 'breakwater/nats';
import { options, seeded } from './lmdb-library.mjs';

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
const program = fileURLToPath(new URL('nats-worker.mjs', import.meta.url));
console.log(`seed ${seed}, ${rounds} rounds`);

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** Starts a server of this run's own, and waits until it takes connections. */
async function startServer() {
  const port = await freePort();
  const server = spawn(
    process.env.NATS_SERVER ?? 'nats-server',
    ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', join(folder, 'js')],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.stderr.setEncoding('utf8').on('data', (text) => {
      if (text.includes('Server is ready')) resolve();
    });
  });
  return { server, url: `nats://127.0.0.1:${port}` };
}

const { server, url } = await startServer();
const namespace = 'chaos';
writeFileSync(path, '');
const workers = new Set();

function joins() {
  const worker = spawn(process.execPath, [program, JSON.stringify({ url, namespace, leaseMs, path })], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  workers.add(worker);
  return worker;
}

function ended(worker) {
  workers.delete(worker);
  if (worker.exitCode !== null || worker.signalCode !== null) return undefined;
  return new Promise((resolve) => worker.once('exit', resolve));
}

const any = () => [...workers][Math.floor(random() * workers.size)];
const counts = { stop: 0, kill: 0, leave: 0 };
const kills = [];

const faults = {
  async stop() {
    const worker = any();
    worker.kill('SIGSTOP');
    // From just below a lease to far beyond it.
    await pause(leaseMs * (0.7 + random() * 2));
    worker.kill('SIGCONT');
  },
  async kill() {
    const worker = any();
    kills.push({ pid: worker.pid, at: Date.now() });
    worker.kill('SIGKILL');
    await ended(worker);
    joins();
  },
  async leave() {
    const worker = any();
    worker.kill('SIGTERM');
    await ended(worker);
    joins();
  },
};

for (let n = 0; n < 3; n += 1) joins();
const quiet = () => {};
const bus = createBus({
  logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  transport: jetStream({ servers: url, namespace }),
});
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
for (let round = 0; round < rounds; round += 1) {
  const draw = random();
  const kind = draw < 0.7 ? 'stop' : draw < 0.85 ? 'kill' : 'leave';
  counts[kind] += 1;
  await faults[kind]();
  await pause(leaseMs * random());
}
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
  return kills.map(({ pid, at }) => {
    const owner = new Map();
    const back = new Map();
    for (const [key, , , who, when] of rows) {
      if (Number(when) <= at) owner.set(key, Number(who));
      else if (owner.get(key) === pid && !back.has(key)) back.set(key, Number(when) - at);
    }
    return Math.max(0, ...back.values());
  });
}

const times = takeovers().toSorted((a, b) => a - b);
const slowest = times.at(-1) ?? 0;
const median = times[Math.floor(times.length / 2)] ?? 0;
for (const text of wrong.slice(0, 10)) console.log(text);
console.log(
  `${rounds} rounds (${counts.stop} stops, ${counts.kill} kills, ${counts.leave} leaves), ` +
    `${published * keys} events, ${again} handled again, ${refused} begun before a stop and ended after a take-over, ` +
    `takeover after a kill ${median} ms (median) to ${slowest} ms, ${wrong.length} violations`,
);
for (const worker of workers) worker.kill('SIGKILL');
for (const worker of workers) await ended(worker);
server.kill('SIGKILL');
await new Promise((resolve) => server.once('exit', resolve));
rmSync(folder, { recursive: true, force: true });
process.exitCode = wrong.length === 0 ? 0 : 1;
