// Long run: worker processes host entities on JetStream while they are killed, stopped for longer than their leases,
// leave and join. Then every entity must be the fold of its events, what it emitted must be in the stream once for each
// cause, no delay may be lost, no record may have been written by an owner of before after a later one, and whoever
// asked must have been told of all that was published before:
//   node scripts/chaos/nats-entities.mjs --rounds 500 --seed 7
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { silent } from './compiled.mjs';
import { entity } from './nats-entity-worker.mjs';
import { createBus, EntityRecords, jetStream, msgpackCodec } from './nats-library.mjs';
import { serverIn } from './nats-server.mjs';
import { options } from './options.mjs';
import { seeded } from './seeded.mjs';
import { spread } from './spread.mjs';
import { startWorkers } from './worker-faults.mjs';

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
console.log(`seed ${seed}, ${rounds} rounds`);

const server = await serverIn(folder);
await server.start();
const { url } = server;
const workers = startWorkers('nats-entity-worker.mjs', { url, namespace, leaseMs }, random);
const bus = createBus({
  logger: silent,
  transport: jetStream({ servers: url, namespace, consumer: { leaseMs } }),
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
await workers.strike(rounds, { stop: 0.6, kill: 0.25 });
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
for (const text of wrong.slice(0, 10)) console.log(text);
console.log(
  `${workers.told(rounds)}, ` +
    `${published * keys.length} events, ${found.size} emitted, ${fires} delays, ${audit.seen} records looked at, ` +
    `${audit.late} written while a later owner began, ${asked} answers after ${spread(waits)}, ` +
    `${wrong.length} violations`,
);
await workers.end();
await connection.close();
await server.kill();
rmSync(folder, { recursive: true, force: true });
await auditor.catch(() => {});
process.exitCode = wrong.length === 0 ? 0 : 1;
