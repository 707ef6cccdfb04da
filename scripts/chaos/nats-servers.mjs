// Long run: servers of NATS are killed, stopped and cut off from their peers while events are stored and handled. Then
// every acknowledged event must have been handled, none twice, each key in order, and no false acknowledgement taken:
//   node scripts/chaos/nats-servers.mjs --rounds 100 --seed 7             one server: kill, pause
//   node scripts/chaos/nats-servers.mjs --servers 3 --rounds 30           a cluster: its leader is killed, paused, isolated
//   node scripts/chaos/nats-servers.mjs --servers 3 --faults isolate
import { createBus } from 'breakwater';
import { jetStream } from 'breakwater/nats';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { options, seeded } from './lmdb-library.mjs';
import { again, pause, startHosts } from './nats-hosts.mjs';

const { rounds, seed, servers, faults } = options({
  rounds: 40,
  seed: Math.floor(Math.random() * 1e9),
  servers: 1,
  faults: '',
});

if (servers !== 3 || !again()) await run();

async function run() {
  const random = seeded(seed);
  const cluster = await startHosts(servers);
  const all = servers === 1 ? ['kill', 'pause'] : ['kill', 'pause', ...(cluster.apart ? ['isolate'] : [])];
  const kinds = all.filter((kind) => faults === '' || faults.split(',').includes(kind));
  if (servers === 3 && !cluster.apart)
    console.log('nobody is isolated: that needs root, ip and network namespaces');
  console.log(
    `seed ${seed}, ${rounds} rounds of ${kinds.join(', ')} on ${servers} server${servers === 1 ? '' : 's'}`,
  );

  const lines = [];
  const write = (_fields, text) => lines.push({ at: performance.now(), text });
  let falseAcks = 0;
  const debug = (_fields, text) => {
    if (text.includes('calls it a duplicate and cannot say of what')) falseAcks += 1;
  };
  const bus = createBus({
    logger: { debug, info: write, warn: write, error: write },
    transport: jetStream({
      servers: cluster.urls,
      namespace: 'chaos',
      stream: { replicas: servers },
      publishTimeoutMs: 120_000,
    }),
  });
  await retried(() => bus.ready());

  const keys = 16;
  const last = new Map();
  const handled = new Set();
  const wrong = [];
  let twice = 0;
  let handledAt = 0;
  bus.subscribe(
    'chaos.step',
    ({ key, data }) => {
      handledAt = performance.now();
      const step = `${key}:${data}`;
      if (handled.has(step)) twice += 1;
      handled.add(step);
      if (data !== (last.get(key) ?? 0) + 1 && data > (last.get(key) ?? 0))
        wrong.push(`gap: ${step} after ${last.get(key)}`);
      last.set(key, Math.max(data, last.get(key) ?? 0));
    },
    { name: 'workers', order: 'key', from: 'start', breaker: false },
  );

  let publishing = true;
  let published = 0;
  let ackedAt = 0;
  const failed = [];
  const publishers = Array.from({ length: keys }, async (_, key) => {
    for (let n = 1; publishing; n += 1) {
      await bus.publish('chaos.step', n, { key: `k${key}` }).catch((error) => failed.push(String(error)));
      published += 1;
      ackedAt = performance.now();
      await pause(2);
    }
  });
  const after = async (began, latest, limitMs = 60_000) => {
    for (let now = began; now < began + limitMs; now = performance.now()) {
      if (latest() > began) return latest() - began;
      await pause(5);
    }
    return Infinity;
  };
  await after(performance.now(), () => handledAt);

  const watcher = await connect({
    servers: cluster.urls,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    pingInterval: 500,
  });
  const leader = async () => {
    if (servers === 1) return cluster.hosts[0];
    const manager = await jetstreamManager(watcher, { checkAPI: false, timeout: 1000 });
    const { cluster: placed } = await retried(() => manager.streams.info('chaos'));
    return cluster.hosts[Number(placed?.leader?.slice(1) ?? 0)] ?? cluster.hosts[0];
  };

  const times = { acked: {}, resumed: {}, seen: [] };
  const note = (table, kind, ms) => (table[kind] ??= []).push(ms);
  const injected = {
    async kill(host) {
      await cluster.kill(host);
      await pause(servers === 1 ? 200 + random() * 500 : 1000 + random() * 2000);
      await cluster.restart(host);
    },
    async pause(host) {
      const began = performance.now();
      cluster.signal(host, 'SIGSTOP');
      await pause(servers === 1 ? 2000 + random() * 1500 : 5000 + random() * 4000);
      cluster.signal(host, 'SIGCONT');
      const lost = lines.find(({ at, text }) => at > began && text.includes('is lost'));
      if (lost !== undefined) times.seen.push(lost.at - began);
    },
    async isolate(host) {
      cluster.isolate(host);
      await pause(8000 + random() * 7000);
      cluster.join(host);
    },
  };

  for (let round = 0; round < rounds; round += 1) {
    const kind = kinds[Math.floor(random() * kinds.length)];
    const host = await leader();
    const began = performance.now();
    const fault = injected[kind](host);
    if (servers === 1) await fault;
    // On one server from when it is back, else from when the leader was struck.
    const healed = servers === 1 ? performance.now() : began + 20;
    const [acked, resumed] = await Promise.all([
      after(healed, () => ackedAt),
      after(healed, () => handledAt),
    ]);
    await fault;
    note(times.acked, kind, acked);
    note(times.resumed, kind, resumed);
    await pause(200 + random() * 300);
  }
  publishing = false;
  await Promise.all(publishers);
  for (let tries = 0; tries < 600 && handled.size < published - failed.length; tries += 1) await pause(100);

  for (const text of failed) wrong.push(`refused: ${text}`);
  const missing = [...last].flatMap(([key, n]) =>
    Array.from({ length: n }, (_, at) => `${key}:${at + 1}`).filter((step) => !handled.has(step)),
  );
  if (missing.length > 0) {
    const stored = await storedSteps(bus);
    for (const step of missing) wrong.push(`${stored.has(step) ? 'never handled' : 'lost'}: ${step}`);
  }
  const spread = (ms) => {
    const sorted = ms.toSorted((a, b) => a - b);
    return `${Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0)} ms (median) to ${Math.round(sorted.at(-1) ?? 0)} ms`;
  };
  for (const kind of kinds) {
    const count = times.acked[kind]?.length ?? 0;
    if (count > 0)
      console.log(
        `${count} × ${kind}: acknowledged again after ${spread(times.acked[kind])}, handled again after ${spread(times.resumed[kind])}`,
      );
  }
  if (times.seen.length > 0)
    console.log(`a server that hangs is noticed after ${spread(times.seen)}, ${times.seen.length} times`);
  for (const text of wrong.slice(0, 10)) console.log(text);
  console.log(
    `${rounds} rounds, ${published} events acknowledged, ${twice} handled twice, ${falseAcks} false acknowledgements refused, ${wrong.length} violations`,
  );
  await bus.close({ deadlineMs: 1000 });
  await watcher.close();
  await cluster.stop();
  process.exitCode = wrong.length === 0 ? 0 : 1;
}

/** All steps that are in the stream. */
async function storedSteps(bus) {
  const stored = new Set();
  const reader = bus.subscribe('chaos.step', ({ key, data }) => stored.add(`${key}:${data}`), {
    name: 'reader',
    from: 'start',
  });
  for (let before = -1; before < stored.size; await pause(3000)) before = stored.size;
  await reader.unsubscribe();
  return stored;
}

/** Tries again for a minute: a cluster that elects its leader answers nobody. */
async function retried(work) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === 120) throw error;
    }
    await pause(500);
  }
}
