import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBus } from '../../src/create-bus.ts';
import type { LogRecord } from '../../src/event-log.ts';
import { memoryStore } from '../../src/log/memory-store.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';
import { durableTransport } from '../../src/transport/durable.ts';
import { lives } from '../support/lives.ts';
import { foldOrders } from '../support/fold-orders.ts';
import { orders, paid, patienceMs, placed } from '../support/order-entity.ts';
import '../support/property-seed.ts';

type Command =
  | {
      readonly do: 'publish';
      readonly event: typeof placed | typeof paid;
      readonly key: string;
      readonly amount: number;
    }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'kill' }
  | { readonly do: 'close' }
  | { readonly do: 'faults'; readonly fails: number; readonly lies: number };

/** Keys that texts of other keys could be taken for, or that objects take for their own. */
const keys = ['a', 'b', 'a:b', 'a:', ':', '__proto__', 'constructor', '\u0000', 'ключ', '0000000000000001:a'];

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      event: fc.constantFrom(placed, paid),
      key: fc.constantFrom(...keys),
      amount: fc.constantFrom(1, 2, 5),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(0, 1, 5, 50, 700, patienceMs / 3, patienceMs),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'kill' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'close' } as const) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('faults' as const),
      fails: fc.constantFrom(0, 0.3),
      lies: fc.constantFrom(0, 0.3),
    }),
  },
);

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

async function play(commands: readonly Command[], seed: number, maxActive: number): Promise<void> {
  const clock = createVirtualClock({ maxCallbacksPerInstant: 100_000 });
  const random = seededRandom(seed);
  const disk = memoryStore()({ clock, random });
  const world = lives(disk, clock, random, 6);

  function start(): ReturnType<typeof createBus> {
    const transport = durableTransport(world.next);
    const bus = createBus({ clock, random, logger: silent, transport, heartbeatMs: 600_000 });
    bus.host(orders, { maxActive, passivateAfterMs: 120_000, retry: { baseMs: 3, maxAttempts: 5 } });
    return bus;
  }

  let bus = start();
  const resolved = new Set<string>();
  for (const step of commands) {
    if (step.do === 'publish') {
      const published = bus.publish(step.event, { orderId: step.key, amount: step.amount });
      published.then(
        ({ id }) => resolved.add(id),
        () => {},
      );
    } else if (step.do === 'wait') await clock.advanceBy(step.ms);
    else if (step.do === 'faults') Object.assign(world.faults, { fails: step.fails, lies: step.lies });
    else {
      if (step.do === 'close') {
        Object.assign(world.faults, { fails: 0, lies: 0 });
        const closed = bus.close();
        await clock.advanceBy(31_000);
        await closed;
      }
      world.kill();
      bus = start();
    }
  }
  Object.assign(world.faults, { fails: 0, lies: 0 });
  // Long enough for every backoff to end.
  await clock.advanceBy(60_000);

  const records: LogRecord[] = [...(await disk.log.read({ limit: 65_536 })).records];
  const expected = foldOrders(records, clock.now());
  const found = new Map<string, unknown>();
  for (const key of expected.states.keys()) {
    const answer = bus.entity(orders, key).ask(({ value, context }) => ({ value, context }));
    await clock.advanceBy(100);
    found.set(key, await answer);
  }
  const emitted = records
    .filter(({ event }) => event.causationId !== undefined)
    .map(({ event }) => `${event.type} ${JSON.stringify(event.data)} ${event.causationId}`);
  const ids = new Set(records.map(({ event }) => event.id));

  expect([...resolved].filter((id) => !ids.has(id))).toEqual([]);
  expect(ids.size).toBe(records.length);
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected.states));
  expect(emitted.toSorted()).toEqual(expected.emitted.toSorted());
  expect(bus.deadLetters.size).toBe(0);
}

describe('an entity', () => {
  it('is the fold of its events, and emits once for each cause, whatever is killed, lost, slow or passivated', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { maxLength: 60, size: 'max' }),
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.constantFrom(1, 3, 100),
        play,
      ),
      { numRuns: 100 },
    );
  }, 60_000);
});
