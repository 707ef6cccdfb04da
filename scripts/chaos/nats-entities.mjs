// Long run: worker processes host entities on JetStream while they are killed, stopped for longer than their leases,
// leave and join. Then every entity must be the fold of its events, what it emitted must be in the stream once for each
// cause, no delay may be lost, no record may have been written by an owner of before after a later one, and whoever
// asked must have been told of all that was published before:
//   node scripts/chaos/nats-entities.mjs --rounds 500 --seed 7
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { options, seeded } from './lmdb-library.mjs';
import { entity } from './nats-entity-worker.mjs';
import { createBus, EntityRecords, msgpackCodec, nats } from './nats-library.mjs';

const { rounds, seed, leaseMs } = options({
  rounds: 500,
  seed: Math.floor(Math.random() * 1e9),
  // A machine that is so busy that processes miss their leases moves partitions for ever.
  leaseMs: 1_000,
});
const random = seeded(seed);
const namespace = 'chaos';
const keys = Array.from({ length: 24 }, (_, at) => `k${at}`);
const folder = mkdtempSync(join(tmpdir(), 'breakwater-chaos-'));
const program = fileURLToPath(new URL('nats-entity-worker.mjs', import.meta.url));
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
const workers = new Set();

function joins() {
  const worker = spawn(process.execPath, [program, JSON.stringify({ url, namespace, leaseMs })], {
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
  transport: nats.jetStream({ servers: url, namespace, consumer: { leaseMs } }),
});
const wrong = [];
let published = 0;
let publishing = true;
const publisher = (async () => {
  for (; publishing; published += 1) {
    const n = published + 1;
    await Promise.all(keys.map((key) => bus.publish('chaos.step', { key, n }, { key })));
    await pause(20);
    // Not faster than it is handled, whatever the machine.
    if (n % 20 === 0) await bus.entity(entity, keys[n % keys.length]).ask(() => true, { timeoutMs: 300_000 });
  }
})();

let asked = 0;
const waits = [];
const asker = (async () => {
  while (publishing) {
    const key = keys[Math.floor(Math.random() * keys.length)];
    const least = published;
    const began = performance.now();
    const { n } = await bus.entity(entity, key).ask(({ context }) => context, { timeoutMs: 300_000 });
    waits.push(performance.now() - began);
    asked += 1;
    if (n < least) wrong.push(`stale: ${key} answered ${n} after ${least} was published`);
    await pause(5);
  }
})();

/** Looks at every write of a record, as far as it is not overwritten yet: tokens and positions of a key never go back. */
const connection = await connect({ servers: url });
const manager = await jetstreamManager(connection);
const audit = { seen: 0, late: 0, stop: false };
const auditor = (async () => {
  const records = new EntityRecords();
  const last = new Map();
  const claims = new Map();
  const partitionOf = (key) => {
    let hash = 0x811c9dc5;
    for (const letter of Buffer.from(key)) hash = Math.imul(hash ^ letter, 0x01000193);
    return (hash >>> 0) % 16;
  };
  await bus.entity(entity, 'k0').ask(() => true, { timeoutMs: 300_000 });
  const reader = await jetstream(connection).consumers.get(`KV_${namespace}-entities`);
  const messages = await reader.consume();
  for await (const { subject, data } of messages) {
    if (audit.stop) break;
    const [, , bucket, key] = subject.split('.');
    if (bucket === 'entity-places=3Acounter') claims.set(Number(key), JSON.parse(Buffer.from(data)).epoch);
    if (bucket !== 'entity=3Acounter') continue;
    audit.seen += 1;
    const { position, stamp } = records.decode(data);
    const before = last.get(key) ?? { position: 0, epoch: 0 };
    if (stamp.epoch < before.epoch || position < before.position)
      wrong.push(
        `foreign: ${key} at ${position} by ${stamp.epoch} after ${before.position} by ${before.epoch}`,
      );
    if (stamp.epoch < (claims.get(partitionOf(key)) ?? 0)) audit.late += 1;
    last.set(key, { position, epoch: stamp.epoch });
  }
})();

await bus.entity(entity, 'k0').ask(() => true, { timeoutMs: 300_000 });
for (let round = 0; round < rounds; round += 1) {
  const draw = random();
  const kind = draw < 0.6 ? 'stop' : draw < 0.85 ? 'kill' : 'leave';
  counts[kind] += 1;
  await faults[kind]();
  await pause(leaseMs * random());
}
publishing = false;
await Promise.all([publisher, asker]);

let hash = 7;
for (let n = 1; n <= published; n += 1) hash = (hash * 31 + n) % 1_000_003;
let fires = 0;
for (const key of keys) {
  let state = { armed: -1, fired: 0 };
  for (let tries = 0; tries < 100 && state.armed !== state.fired; tries += 1) {
    if (tries > 0) await pause(100);
    state = await bus.entity(entity, key).ask(({ context }) => context, { timeoutMs: 300_000 });
  }
  if (state.n !== published || state.hash !== hash || state.wrong !== 0)
    wrong.push(`state: ${key} is ${JSON.stringify(state)} after ${published}`);
  if (state.armed !== state.fired)
    wrong.push(`delay lost: ${key} began ${state.armed}, ended ${state.fired}`);
  fires += state.fired;
}

/** What was emitted, by cause, as it stands in the stream. */
async function emitted() {
  const codec = msgpackCodec();
  const found = new Map();
  await manager.consumers.add(namespace, {
    name: 'check',
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.All,
    filter_subject: `${namespace}.events.*.*.chaos.>`,
  });
  const reader = await jetstream(connection).consumers.get(namespace, 'check');
  for (;;) {
    const page = await reader.fetch({ max_messages: 1000, expires: 1000 });
    let read = 0;
    for await (const { data } of page) {
      read += 1;
      for (const event of codec.decode(data)) {
        if (event.type === 'chaos.step') continue;
        const cause = `${event.type} ${event.data.key} ${event.data.n}`;
        found.set(cause, (found.get(cause) ?? 0) + 1);
      }
    }
    if (read === 0) return found;
  }
}

const found = await emitted();
for (const [cause, times] of found) if (times !== 1) wrong.push(`emitted ${times} times: ${cause}`);
if (found.size !== published * keys.length + fires)
  wrong.push(`emitted ${found.size}, expected ${published * keys.length} and ${fires} at the end of delays`);

audit.stop = true;
await bus.close({ deadlineMs: 1000 });
waits.sort((a, b) => a - b);
const at = (share) => (waits[Math.floor((waits.length - 1) * share)] ?? 0).toFixed(0);
for (const text of wrong.slice(0, 10)) console.log(text);
console.log(
  `${rounds} rounds (${counts.stop} stops, ${counts.kill} kills, ${counts.leave} leaves), ` +
    `${published * keys.length} events, ${found.size} emitted, ${fires} delays, ${audit.seen} records looked at, ` +
    `${audit.late} written while a later owner began, ${asked} answers after ${at(0.5)} ms (median), ` +
    `${at(0.99)} ms (99 %), ${at(1)} ms, ${wrong.length} violations`,
);
for (const worker of workers) worker.kill('SIGKILL');
for (const worker of workers) await ended(worker);
await connection.close();
server.kill('SIGKILL');
await new Promise((resolve) => server.once('exit', resolve));
rmSync(folder, { recursive: true, force: true });
await auditor.catch(() => {});
process.exitCode = wrong.length === 0 ? 0 : 1;
