import { createBus, durableTransport, memoryStore, type Bus, type TransportFactory } from 'breakwater';
import { lmdb } from 'breakwater/lmdb';
import { atLeast, noGoal } from '../harness/goals.ts';
import { ratePerCore } from '../harness/measure.ts';
import type { Goal, Measure, Row } from '../harness/row.ts';
import { orderPlaced } from '../workload/order-placed.ts';
import { orderAt, silent } from '../workload/orders.ts';
import { temporaryFolder } from '../workload/temporary-folder.ts';

const events = 128 * 1024;
/** Publishes under way at one time. */
const together = 4_096;

const onDisk = (): TransportFactory => lmdb({ path: temporaryFolder() });
const inMemory = (): TransportFactory => durableTransport(memoryStore());

function busOn(transport: TransportFactory): Bus {
  return createBus({ source: 'bench', logger: silent, transport });
}

async function publishAll(bus: Bus): Promise<void> {
  for (let n = 0; n < events;) {
    const publishing: Promise<unknown>[] = [];
    for (const end = n + together; n < end; n += 1) publishing.push(bus.publish(orderPlaced, orderAt(n)));
    await Promise.all(publishing);
  }
}

/** Publishes, with each event handled by a subscriber whose place is kept. */
function handled(transport: () => TransportFactory): () => Measure {
  return () => {
    const bus = busOn(transport());
    let count = 0;
    bus.subscribe(
      orderPlaced,
      async () => {
        count += 1;
      },
      { name: 'billing' },
    );
    return async () => {
      const before = count;
      const rate = await ratePerCore(events, async () => {
        await publishAll(bus);
        await bus.idle();
      });
      if (count - before !== events) throw new Error(`${count - before} of ${events} were handled`);
      return rate;
    };
  };
}

/** A new subscriber handles all that a log has. */
function caughtUp(transport: () => TransportFactory): () => Promise<Measure> {
  return async () => {
    const bus = busOn(transport());
    await publishAll(bus);
    return () =>
      ratePerCore(events, async () => {
        let count = 0;
        const late = bus.subscribe(
          orderPlaced,
          async () => {
            count += 1;
          },
          { from: 'start' },
        );
        await bus.idle();
        await late.unsubscribe();
        if (count !== events) throw new Error(`${count} of ${events} were handled`);
      });
  };
}

function replayed(transport: () => TransportFactory): () => Promise<Measure> {
  return async () => {
    const bus = busOn(transport());
    await publishAll(bus);
    return () =>
      ratePerCore(events, async () => {
        const replay = bus.replay();
        let sum = 0;
        await new Promise<void>((resolve, reject) => {
          replay.subscribe({ next: ({ position }) => (sum += position), complete: resolve, error: reject });
        });
        if (sum === 0 || replay.progress().emitted !== events) throw new Error('not all were replayed');
      });
  };
}

function rows(
  id: string,
  what: string,
  goal: Goal,
  work: (on: () => TransportFactory) => Row['subject']['prepare'],
): Row {
  return {
    id,
    what,
    unit: 'events/s',
    better: 'higher',
    goal,
    subject: { name: 'breakwater, LMDB', prepare: work(onDisk) },
    peers: [{ name: 'breakwater, memory', prepare: work(inMemory) }],
  };
}

export const durableHandled = rows(
  'durable-handled',
  `events checked, kept, routed and handled by a subscriber whose place is kept; ${together} publishes at a time`,
  noGoal,
  handled,
);

export const durableCatchUp = rows(
  'durable-catch-up',
  'a new subscriber reads and handles all that a log has',
  noGoal,
  caughtUp,
);

export const replay = rows(
  'replay',
  'bus.replay of all that a log has, at full speed',
  atLeast(500_000, 'events/s'),
  replayed,
);
