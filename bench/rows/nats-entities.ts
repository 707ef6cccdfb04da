import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect } from '@nats-io/transport-node';
import { createBus, type Bus, type EntityHost } from 'breakwater';
import { jetStream } from 'breakwater/nats';
import { atLeast, atMost } from '../harness/goals.ts';
import { ratePerCore } from '../harness/measure.ts';
import type { Measure, Row, Subject } from '../harness/row.ts';
import { balance, booked, bookingAt } from '../workload/accounts.ts';
import { startNats } from '../workload/nats-server.ts';
import { silent } from '../workload/orders.ts';

const accounts = 1_000;
const events = 30_000;
const inFlight = 2_048;
const rawEvents = 10_000;

function busOn(servers: string): Bus {
  return createBus({
    source: 'bench',
    logger: silent,
    transport: jetStream({ servers, namespace: 'bench', oldServers: 'allow' }),
  });
}

/** Does something so many times, at most `window` at once. */
async function lanes(count: number, window: number, work: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: window }, lane));
}

async function when(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}

const partitions = (host: EntityHost): number => host.stats().partitions ?? 0;

/** Events that are stored, handled by folds, and kept in NATS KV: a second of this process's CPU. */
const shared: Subject = {
  name: 'breakwater',
  prepare: async (): Promise<Measure> => {
    const bus = busOn(await startNats());
    const host = bus.host(balance);
    await when(() => partitions(host) === 16);
    let handled = 0;
    return () =>
      ratePerCore(events, async () => {
        handled += events;
        await lanes(events, inFlight, (n) => bus.publish(booked, bookingAt(n, accounts)));
        await when(() => host.stats().handled >= handled);
        await bus.idle();
      });
  },
};

/** The same by hand, for each event: publish it, read it, update its state by compare-and-set, acknowledge it. */
const byHand: Subject = {
  name: 'nats.js, by hand',
  prepare: async (): Promise<Measure> => {
    const connection = await connect({ servers: await startNats(), noAsyncTraces: true });
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: 'raw', subjects: ['raw.>'] });
    await manager.consumers.add('raw', { durable_name: 'reader', max_ack_pending: 1_000 });
    const stream = jetstream(connection);
    const kv = await new Kvm(connection).create('raw-states');
    const states = new Map<string, { readonly total: number; readonly revision: number }>();
    const consumer = await stream.consumers.get('raw', 'reader');
    const text = new TextEncoder();
    return () =>
      ratePerCore(rawEvents, async () => {
        const published = lanes(rawEvents, 512, (n) =>
          stream.publish('raw.booked', text.encode(JSON.stringify(bookingAt(n, accounts)))),
        );
        const last = new Map<string, Promise<void>>();
        let handled = 0;
        const received = await consumer.consume({ max_messages: 1_000 });
        for await (const message of received) {
          const { accountId, amount } = message.json<{ accountId: string; amount: number }>();
          const before = last.get(accountId) ?? Promise.resolve();
          const handle = async (): Promise<void> => {
            await before;
            const { total, revision } = states.get(accountId) ?? { total: 0, revision: 0 };
            const state = { total: total + amount };
            const value = text.encode(JSON.stringify({ ...state, sequence: message.seq }));
            const kept = await (revision === 0
              ? kv.create(accountId, value)
              : kv.update(accountId, value, revision));
            states.set(accountId, { ...state, revision: kept });
            message.ack();
          };
          last.set(accountId, handle());
          handled += 1;
          if (handled === rawEvents) break;
        }
        await Promise.all([published, ...last.values()]);
      });
  },
};

/** Milliseconds from the moment a process leaves until all of its entities have handled another event elsewhere. */
const rebalance: Subject = {
  name: 'breakwater',
  prepare: async (): Promise<Measure> => {
    const servers = await startNats();
    let owner = busOn(servers);
    let host = owner.host(balance);
    const sender = busOn(servers);
    const sendAll = (): Promise<void> =>
      lanes(accounts, 250, (n) => {
        const data = bookingAt(n, accounts);
        return sender.entity(balance, data.accountId).send(booked, data);
      });
    await when(() => partitions(host) === 16);
    return async () => {
      await sendAll();
      const next = busOn(servers);
      const joining = next.host(balance);
      await joining.ready;
      await when(() => partitions(joining) === 16 - partitions(host) && partitions(joining) > 0);
      await sendAll();
      const began = performance.now();
      await Promise.all([host.stop(), sendAll()]);
      const tookMs = performance.now() - began;
      await owner.close();
      [owner, host] = [next, joining];
      return tookMs;
    };
  },
};

/** The same while nobody leaves: what sending to all of them takes. */
const unmoved: Subject = {
  name: 'nobody leaves',
  prepare: async (): Promise<Measure> => {
    const servers = await startNats();
    const host = busOn(servers).host(balance);
    const sender = busOn(servers);
    await when(() => partitions(host) === 16);
    return async () => {
      const began = performance.now();
      await lanes(accounts, 250, (n) => {
        const data = bookingAt(n, accounts);
        return sender.entity(balance, data.accountId).send(booked, data);
      });
      return performance.now() - began;
    };
  },
};

export const natsEntities: Row = {
  id: 'nats-entities',
  what: 'events stored on JetStream, handled by 1 000 entities in 16 partitions and kept in NATS KV',
  unit: 'events/s',
  better: 'higher',
  goal: atLeast(5_000, 'events/s'),
  subject: shared,
  peers: [byHand],
  runs: 3,
  warmUps: 1,
};

export const natsRebalance: Row = {
  id: 'nats-rebalance',
  what: 'a process leaves: until its share of 1 000 active entities has handled another event elsewhere',
  unit: 'ms',
  better: 'lower',
  goal: atMost(3_000, 'ms'),
  subject: rebalance,
  peers: [unmoved],
  runs: 3,
  warmUps: 1,
};
