import { AckPolicy, jetstream, jetstreamManager, type JetStreamClient } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { createBus, type Bus } from 'breakwater';
import { jetStream, nats } from 'breakwater/nats';
import { timesEachPeer } from '../harness/goals.ts';
import { median } from '../harness/measure.ts';
import type { Goal, Measure, Row, Subject } from '../harness/row.ts';
import { startNats } from '../workload/nats-server.ts';
import { orderPlaced } from '../workload/order-placed.ts';
import { orderAt, silent } from '../workload/orders.ts';

const events = 100_000;
/** What the official client sends: one message an event takes ten times as long. */
const messages = 20_000;
const inFlight = 4096;
const latencies = 2000;

const text = new TextEncoder();

/** An order as the official client's users send it: JSON of the same fields. */
function rawOrder(n: number): Uint8Array {
  return text.encode(JSON.stringify({ id: `raw-${n}`, type: 'order.placed', time: n, data: orderAt(n) }));
}

/** Calls `publish` so many times, at most `window` of them at once; gives how many a second of the wall clock. */
async function rate(
  count: number,
  window: number,
  publish: (n: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await publish(next++);
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: window }, lane));
  return (count * 1000) / (performance.now() - started);
}

async function streamBus(): Promise<Bus> {
  const servers = await startNats();
  const transport = jetStream({ servers, namespace: 'bench', oldServers: 'allow' });
  const bus = createBus({ source: 'bench', logger: silent, transport });
  await bus.ready();
  return bus;
}

interface Raw {
  readonly connection: NatsConnection;
  readonly stream: JetStreamClient;
}

/** The official client, on a stream of the same settings. */
async function rawClient(): Promise<Raw> {
  const connection = await connect({ servers: await startNats(), noAsyncTraces: true });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({
    name: 'raw',
    subjects: ['raw.>'],
    max_bytes: 1024 ** 3,
    duplicate_window: 120e9,
  });
  await manager.consumers.add('raw', {
    durable_name: 'reader',
    ack_policy: AckPolicy.Explicit,
    max_ack_pending: 1000,
  });
  return { connection, stream: jetstream(connection) };
}

let sent = 0;

const publishing: Subject = {
  name: 'breakwater',
  prepare: async () => {
    const bus = await streamBus();
    return () => rate(events, inFlight, (n) => bus.publish(orderPlaced, orderAt(n)));
  },
};

const rawPublishing: Subject = {
  name: 'nats.js, a message an event',
  prepare: async () => {
    const { stream } = await rawClient();
    return () =>
      rate(messages, 512, (n) => stream.publish('raw.order', rawOrder(n), { msgID: `${(sent += 1)}` }));
  },
};

const consuming: Subject = {
  name: 'breakwater',
  prepare: async () => {
    const bus = await streamBus();
    await rate(1, 1, (n) => bus.publish(orderPlaced, orderAt(n)));
    let runs = 0;
    return async () => {
      const before = events * runs + 1;
      runs += 1;
      await rate(events, inFlight, (n) => bus.publish(orderPlaced, orderAt(n)));
      let handled = 0;
      let done: () => void = () => {};
      const all = new Promise<void>((resolve) => (done = resolve));
      const started = performance.now();
      const subscription = bus.subscribe(
        orderPlaced,
        async () => {
          handled += 1;
          if (handled === before + events) done();
        },
        { name: `reader-${runs}`, from: 'start', breaker: false },
      );
      await all;
      const perSecond = ((before + events) * 1000) / (performance.now() - started);
      await subscription.unsubscribe();
      return perSecond;
    };
  },
};

const rawConsuming: Subject = {
  name: 'nats.js, a message an event',
  prepare: async () => {
    const { stream } = await rawClient();
    const consumer = await stream.consumers.get('raw', 'reader');
    return async () => {
      await rate(messages, 512, (n) => stream.publish('raw.order', rawOrder(n), { msgID: `${(sent += 1)}` }));
      let handled = 0;
      const started = performance.now();
      const received = await consumer.consume({ max_messages: 1000 });
      for await (const message of received) {
        JSON.parse(message.string());
        message.ack();
        handled += 1;
        if (handled === messages) break;
      }
      return (messages * 1000) / (performance.now() - started);
    };
  },
};

const endToEnd: Subject = {
  name: 'breakwater',
  prepare: async () => {
    const servers = await startNats();
    const transport = nats({ servers, namespace: 'bench', oldServers: 'allow' });
    const bus = createBus({ source: 'bench', logger: silent, transport });
    let handled = 0;
    let done: () => void = () => {};
    bus.subscribe(
      orderPlaced,
      async () => {
        handled += 1;
        if (handled === events) done();
      },
      { breaker: false, mailbox: { capacity: events } },
    );
    await bus.ready();
    return async () => {
      handled = 0;
      const all = new Promise<void>((resolve) => (done = resolve));
      const started = performance.now();
      await rate(events, inFlight, (n) => bus.publish(orderPlaced, orderAt(n)));
      await all;
      return (events * 1000) / (performance.now() - started);
    };
  },
};

const rawEndToEnd: Subject = {
  name: 'nats.js',
  prepare: async () => {
    const { connection } = await rawClient();
    let handled = 0;
    let done: () => void = () => {};
    connection.subscribe('order', {
      callback: (_error, message) => {
        JSON.parse(message.string());
        handled += 1;
        if (handled === events) done();
      },
    });
    await connection.flush();
    return async () => {
      handled = 0;
      const all = new Promise<void>((resolve) => (done = resolve));
      const started = performance.now();
      for (let n = 0; n < events; n += 1) {
        connection.publish('order', rawOrder(n));
        // Its buffer has no bound: whoever does not wait now and then fills the memory.
        if (n % inFlight === 0) await connection.flush();
      }
      await all;
      return (events * 1000) / (performance.now() - started);
    };
  },
};

/** Milliseconds of one publish, alone: the middle of many, one after the other. */
async function latency(publish: (n: number) => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let n = 0; n < latencies; n += 1) {
    const started = performance.now();
    await publish(n);
    taken.push(performance.now() - started);
  }
  return median(taken);
}

const single: Subject = {
  name: 'breakwater',
  prepare: async () => {
    const bus = await streamBus();
    return () => latency((n) => bus.publish(orderPlaced, orderAt(n)));
  },
};

const rawSingle: Subject = {
  name: 'nats.js',
  prepare: async (): Promise<Measure> => {
    const { stream } = await rawClient();
    return () => latency((n) => stream.publish('raw.order', rawOrder(n), { msgID: `${(sent += 1)}` }));
  },
};

const notAbove: Goal = {
  text: '≤ 1.1 × each peer',
  met: (value, peers) => Object.values(peers).every((peer) => value <= 1.1 * peer),
};

export const natsPublish: Row = {
  id: 'nats-publish',
  what: 'durable publishes to JetStream, 4 lanes and 1 024 keys, 4 096 at once',
  unit: 'events/s',
  better: 'higher',
  goal: timesEachPeer(10),
  subject: publishing,
  peers: [rawPublishing],
  runs: 5,
  warmUps: 3,
};

export const natsConsume: Row = {
  id: 'nats-consume',
  what: 'consume and acknowledge from JetStream, through lanes, retry and statistics',
  unit: 'events/s',
  better: 'higher',
  goal: timesEachPeer(5),
  subject: consuming,
  peers: [rawConsuming],
  runs: 5,
  warmUps: 3,
};

export const natsCore: Row = {
  id: 'nats-core',
  what: 'core NATS from publish to handler, one process',
  unit: 'events/s',
  better: 'higher',
  goal: timesEachPeer(0.8),
  subject: endToEnd,
  peers: [rawEndToEnd],
  runs: 3,
  warmUps: 1,
};

export const natsLatency: Row = {
  id: 'nats-latency',
  what: 'one durable publish at a time: from the call to the receipt',
  unit: 'ms',
  better: 'lower',
  goal: notAbove,
  subject: single,
  peers: [rawSingle],
  runs: 3,
  warmUps: 1,
};
