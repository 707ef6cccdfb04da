import { createBus, type Bus } from 'breakwater';
import { atLeast, both, noGoal, timesEachPeer } from '../harness/goals.ts';
import { ratePerCore } from '../harness/measure.ts';
import type { Measure, Row } from '../harness/row.ts';
import { assembledStack, type AssembledStack } from '../peers/assembled-stack.ts';
import { moleculerBroker } from '../peers/moleculer-broker.ts';
import { orderPlaced } from '../workload/order-placed.ts';
import { burst, orderAt, orderSchema, silent } from '../workload/orders.ts';

const events = 512 * 1024;
const stackName = 'eventemitter3+zod+p-queue+opossum';

/** Publishes all events the given way to a subscriber with every default on, and waits until all are handled. */
function onBus(publishAll: (bus: Bus) => Promise<void>): () => Measure {
  return () => {
    const bus = createBus({ source: 'bench', logger: silent });
    let handled = 0;
    bus.subscribe(orderPlaced, async () => {
      handled += 1;
    });
    return async () => {
      const before = handled;
      const rate = await ratePerCore(events, async () => {
        await publishAll(bus);
        await bus.idle();
      });
      if (handled - before !== events) throw new Error(`${handled - before} of ${events} were handled`);
      return rate;
    };
  };
}

const burstsHandled = onBus(async (bus) => {
  for (let n = 0; n < events;) {
    for (const end = n + burst; n < end; n += 1) void bus.publish(orderPlaced, orderAt(n));
    await bus.idle();
  }
});

const burstsPublished = onBus(async (bus) => {
  for (let n = 0; n < events; n += 1) {
    const published = bus.publish(orderPlaced, orderAt(n));
    if (n % burst === burst - 1) await published;
  }
});

/** As on the bus; `wait` is what the publisher does between bursts. */
function assembled(wait: (stack: AssembledStack) => Promise<void>): () => Promise<Measure> {
  return async () => {
    const count = events / 16;
    let handled = 0;
    const stack = await assembledStack(async () => {
      handled += 1;
    });
    return () =>
      ratePerCore(count, async () => {
        const goal = handled + count;
        for (let n = 0; n < count;) {
          for (const end = n + burst; n < end; n += 1) stack.publish(orderAt(n));
          await wait(stack);
        }
        await stack.idle();
        if (handled !== goal) throw new Error(`${goal - handled} of ${count} were not handled`);
      });
  };
}

async function moleculer(): Promise<Measure> {
  const count = events / 16;
  let handled = 0;
  const broker = await moleculerBroker(async () => {
    handled += 1;
  });
  return () =>
    ratePerCore(count, async () => {
      const goal = handled + count;
      for (let n = 0; n < count;) {
        const calls: Promise<unknown>[] = [];
        for (const end = n + burst; n < end; n += 1) calls.push(broker.call('orders.place', orderAt(n)));
        await Promise.all(calls);
      }
      if (handled !== goal) throw new Error(`${goal - handled} of ${count} were not handled`);
    });
}

const shared = { unit: 'events/s', better: 'higher' } as const;

export const inMemory: Row = {
  ...shared,
  id: 'in-memory',
  what: `events checked, routed and handled, with every default of a subscriber on; ${burst} at a time`,
  goal: both(atLeast(2_000_000, 'events/s'), timesEachPeer(10)),
  subject: { name: 'breakwater', prepare: burstsHandled },
  peers: [
    { name: stackName, prepare: assembled((stack) => stack.idle()) },
    { name: 'moleculer', prepare: moleculer },
  ],
};

export const inMemorySaturated: Row = {
  ...shared,
  id: 'in-memory-saturated',
  what: 'the same, the mailbox always full: the publisher goes on as soon as there is room',
  goal: timesEachPeer(10),
  subject: { name: 'breakwater', prepare: burstsPublished },
  peers: [{ name: stackName, prepare: assembled((stack) => stack.room()) }],
};

export const inMemoryAwaited: Row = {
  ...shared,
  id: 'in-memory-awaited',
  what: 'the same, with each publish awaited before the next',
  goal: noGoal,
  subject: {
    name: 'breakwater',
    prepare: onBus(async (bus) => {
      for (let n = 0; n < events; n += 1) await bus.publish(orderPlaced, orderAt(n));
    }),
  },
  peers: [],
};

export const inMemoryBatch: Row = {
  ...shared,
  id: 'in-memory-batch',
  what: `the same, in batches of ${burst}`,
  goal: noGoal,
  subject: {
    name: 'breakwater',
    prepare: onBus(async (bus) => {
      for (let n = 0; n < events; n += burst) {
        await bus.publishBatch(Array.from({ length: burst }, (_, i) => orderPlaced(orderAt(n + i))));
      }
    }),
  },
  peers: [],
};

/** The ceiling of the rows above: what is left if all but the schema cost nothing. */
export const schemaAlone: Row = {
  ...shared,
  id: 'in-memory-schema-alone',
  what: 'zod checks the same payload, and nothing else is done',
  goal: noGoal,
  subject: {
    name: 'zod',
    prepare: () => () =>
      ratePerCore(events, () => {
        for (let n = 0; n < events; n += 1) orderSchema.parse(orderAt(n));
      }),
  },
  peers: [],
};
