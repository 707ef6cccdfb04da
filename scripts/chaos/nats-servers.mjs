// Long run: servers of NATS are killed, stopped and cut off from their peers while events are stored and handled. Then
// every acknowledged event must have been handled, none twice, each key in order, and no false acknowledgement taken:
//   node scripts/chaos/nats-servers.mjs --rounds 100 --seed 7             one server: kill, pause
//   node scripts/chaos/nats-servers.mjs --servers 3 --rounds 30           a cluster: its leader is killed, paused, isolated
//   node scripts/chaos/nats-servers.mjs --servers 3 --faults isolate
//   node scripts/chaos/nats-servers.mjs --servers 3 --order none          a consumer that the cluster keeps, with no order to check
import { setTimeout as pause } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { again, startHosts } from './nats-hosts.mjs';
import { createBus, jetStream } from './nats-library.mjs';
import { storedIn } from './nats-replicas.mjs';
import { options } from './options.mjs';
import { seeded } from './seeded.mjs';
import { spread } from './spread.mjs';

const { rounds, seed, servers, faults, order } = options({
  rounds: 40,
  seed: Math.floor(Math.random() * 1e9),
  servers: 1,
  faults: '',
  order: 'key',
});

const keys = 16;

if (servers !== 3 || !again()) await run();

async function run() {
  const random = seeded(seed);
  const cluster = await startHosts(servers);
  const kinds = kindsOf(cluster);
  console.log(
    `seed ${seed}, ${rounds} rounds of ${kinds.join(', ')} on ${servers} server${servers === 1 ? '' : 's'}`,
  );
  const log = { lines: [], falseAcks: 0 };
  const bus = busOn(cluster, log);
  await retried(() => bus.ready());
  const tally = handleSteps(bus);
  const publishing = publishSteps(bus, tally);
  await firstAfter(performance.now(), () => tally.handledAt);
  const watcher = await connect({
    servers: cluster.urls,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    pingInterval: 500,
  });

  const times = { acked: {}, resumed: {}, behind: {}, seen: [] };
  const inject = injector(cluster, { random, lines: log.lines, seen: times.seen });
  for (let round = 0; round < rounds; round += 1) {
    const kind = kinds[Math.floor(random() * kinds.length)];
    await playRound(kind, inject[kind](await leaderOf(cluster, watcher)), tally, times);
    await pause(200 + random() * 300);
  }
  await publishing.stop();
  const wrong = await violations(bus, tally);
  report(kinds, times);
  for (const text of wrong.slice(0, 10)) console.log(text);
  for (const [step, why] of [...tally.refused].slice(0, 10)) console.log(`refused: ${step}: ${why}`);
  console.log(
    `${rounds} rounds, ${tally.published - tally.refused.size} events acknowledged, ${tally.twice} handled twice, ${log.falseAcks} false acknowledgements refused, ${tally.refused.size} publishes refused, ${wrong.length} violations`,
  );
  await bus.close({ deadlineMs: 1000 });
  await watcher.close();
  await Promise.all(cluster.hosts.map((host) => host.kill()));
  if (tally.missing.length > 0) tellReplicas(cluster, tally.missing);
  await cluster.stop();
  process.exitCode = wrong.length === 0 ? 0 : 1;
}

function kindsOf({ apart }) {
  const all = servers === 1 ? ['kill', 'pause'] : ['kill', 'pause', ...(apart ? ['isolate'] : [])];
  if (servers === 3 && !apart) console.log('nobody is isolated: that needs root, ip and network namespaces');
  return all.filter((kind) => faults === '' || faults.split(',').includes(kind));
}

function busOn({ urls }, log) {
  const write = (_fields, text) => log.lines.push({ at: performance.now(), text });
  const debug = (_fields, text) => {
    if (text.includes('calls it a duplicate and cannot say of what')) log.falseAcks += 1;
  };
  return createBus({
    logger: { debug, info: write, warn: write, error: write },
    transport: jetStream({
      servers: urls,
      namespace: 'chaos',
      stream: { replicas: servers },
      publishTimeoutMs: 120_000,
    }),
  });
}

/** Notes what is handled, and what comes out of order. */
function handleSteps(bus) {
  const tally = {
    last: new Map(),
    acked: new Map(),
    missing: [],
    handled: new Set(),
    wrong: [],
    refused: new Map(),
    twice: 0,
    published: 0,
    handledAt: 0,
    ackedAt: 0,
  };
  const { last, handled, wrong } = tally;
  bus.subscribe(
    'chaos.step',
    ({ key, data }, { position, fencingToken }) => {
      tally.handledAt = performance.now();
      const step = `${key}:${data}`;
      if (handled.has(step)) tally.twice += 1;
      handled.add(step);
      const before = last.get(key) ?? 0;
      const expected = nextOf(tally, key, before);
      if (order === 'key' && data > expected)
        wrong.push(`gap: ${step} after ${before}, at ${position} under token ${fencingToken}`);
      last.set(key, Math.max(data, before));
    },
    { name: 'workers', order, from: 'start', breaker: false },
  );
  return tally;
}

/** The step of a key that has to come next. One whose publisher was told that its outcome is unknown may be missing. */
function nextOf({ refused }, key, before) {
  let next = before + 1;
  while (refused.has(`${key}:${next}`)) next += 1;
  return next;
}

/** Publishes the steps of all keys, each after the one before is acknowledged. */
function publishSteps(bus, tally) {
  let publishing = true;
  const publishers = Array.from({ length: keys }, async (_, key) => {
    for (let n = 1; publishing; n += 1) {
      await bus.publish('chaos.step', n, { key: `k${key}` }).then(
        () => tally.acked.set(`k${key}`, n),
        (error) => tally.refused.set(`k${key}:${n}`, String(error)),
      );
      tally.published += 1;
      tally.ackedAt = performance.now();
      await pause(2);
    }
  });
  return {
    async stop() {
      publishing = false;
      await Promise.all(publishers);
    },
  };
}

/** Milliseconds from `began` until `latest` is later; Infinity after a minute. */
async function firstAfter(began, latest, limitMs = 60_000) {
  for (let now = began; now < began + limitMs; now = performance.now()) {
    if (latest() > began) return latest() - began;
    await pause(5);
  }
  return Infinity;
}

async function leaderOf({ hosts }, watcher) {
  if (servers === 1) return hosts[0];
  const manager = await jetstreamManager(watcher, { checkAPI: false, timeout: 1000 });
  const { cluster: placed } = await retried(() => manager.streams.info('chaos'));
  return hosts[Number(placed?.leader?.slice(1) ?? 0)] ?? hosts[0];
}

function injector(cluster, { random, lines, seen }) {
  return {
    async kill(host) {
      await host.kill();
      await pause(servers === 1 ? 200 + random() * 500 : 1000 + random() * 2000);
      await host.start();
    },
    async pause(host) {
      const began = performance.now();
      host.signal('SIGSTOP');
      await pause(servers === 1 ? 2000 + random() * 1500 : 5000 + random() * 4000);
      host.signal('SIGCONT');
      const lost = lines.find(({ at, text }) => at > began && text.includes('is lost'));
      if (lost !== undefined) seen.push(lost.at - began);
    },
    async isolate(host) {
      cluster.isolate(host);
      await pause(8000 + random() * 7000);
      cluster.join(host);
    },
  };
}

async function playRound(kind, fault, tally, times) {
  const began = performance.now();
  if (servers === 1) await fault;
  // On one server from when it is back, else from when the leader was struck.
  const healed = servers === 1 ? performance.now() : began + 20;
  const [acked, resumed] = await Promise.all([
    firstAfter(healed, () => tally.ackedAt),
    firstAfter(healed, () => tally.handledAt),
  ]);
  // What of it is the consumers' alone: from when the stream takes events again, which an election of it decides.
  const behind = await firstAfter(healed + acked, () => tally.handledAt);
  await fault;
  (times.acked[kind] ??= []).push(acked);
  (times.behind[kind] ??= []).push(behind);
  (times.resumed[kind] ??= []).push(resumed);
}

/** What should not have happened, once all that was acknowledged had time to be handled. */
async function violations(bus, tally) {
  const { handled, published, refused, acked, wrong } = tally;
  for (let tries = 0; tries < 600 && handled.size < published - refused.size; tries += 1) await pause(100);
  const missing = [...acked].flatMap(([key, n]) =>
    Array.from({ length: n }, (_, at) => `${key}:${at + 1}`).filter(
      (step) => !handled.has(step) && !refused.has(step),
    ),
  );
  tally.missing = missing;
  const stored = missing.length === 0 ? new Set() : await storedSteps(bus);
  return [
    ...wrong,
    ...(tally.twice > 0 ? [`${tally.twice} handled twice`] : []),
    ...missing.map((step) => `${stored.has(step) ? 'never handled' : 'lost'}: ${step}`),
  ];
}

function report(kinds, { acked, resumed, behind, seen }) {
  for (const kind of kinds) {
    if (acked[kind] === undefined) continue;
    console.log(
      `${acked[kind].length} × ${kind}: acknowledged again after ${spread(acked[kind])}; ` +
        `handled again after ${spread(resumed[kind])}; after the first acknowledgement ${spread(behind[kind])}`,
    );
  }
  if (seen.length > 0)
    console.log(`a server that hangs is noticed after ${spread(seen)}, ${seen.length} times`);
}

/** Says which servers have the steps that were not handled, and under which sequences. */
function tellReplicas({ hosts }, missing) {
  const found = hosts.map(({ store }) => {
    const wanted = new Map(missing.map((step) => [step, []]));
    storedIn(store, 'chaos', ({ key, data }, sequence) => wanted.get(`${key}:${data}`)?.push(sequence));
    return wanted;
  });
  for (const step of missing.slice(0, 40)) {
    const where = found.map((wanted, at) => `n${at} at [${wanted.get(step).join(', ')}]`);
    console.log(`${step}: ${where.join(', ')}`);
  }
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

/** Tries again for minutes: a cluster answers nobody until it has a leader, and places nothing until its servers know each other. */
async function retried(work) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === 600) throw error;
    }
    await pause(500);
  }
}
