import fc from 'fast-check';
import { createBus, defineEvent, type RoutingRule } from 'breakwater';
import { createVirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { silentLogger } from '../support/bus-world.ts';

const item = defineEvent('item.moved', z.object({ n: z.number(), key: z.string() }), {
  key: (data) => data.key,
});

const anyRule: fc.Arbitrary<RoutingRule> = fc.record({
  name: fc.constantFrom('one', 'two', 'three'),
  pattern: fc.constantFrom('item.*', 'item.moved', '>', 'other.>'),
  when: fc.constantFrom<RoutingRule['when'] & object>(
    { exact: { priority: 'high' } },
    { prefix: { type: 'item' } },
    { not: { exact: { key: 'a' } } },
    (event) => (event.data as { n: number }).n % 2 === 0,
  ),
  to: fc.subarray(['left', 'right']),
});

describe('routing rules', () => {
  it('I22: decide who gets an event, and change neither the event nor its order within a key', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            key: fc.constantFrom('a', 'b'),
            priority: fc.constantFrom('high' as const, 'low' as const),
            change: fc.option(anyRule, { nil: undefined }),
          }),
          { maxLength: 40, size: 'max' },
        ),
        async (moves) => {
          const clock = createVirtualClock();
          const bus = createBus({ clock, logger: silentLogger, heartbeatMs: 86_400_000 });
          const seen: { who: string; n: number; key: string | undefined; text: string }[] = [];
          for (const who of ['left', 'right', 'witness']) {
            bus.subscribe(
              item,
              (event) =>
                void seen.push({ who, n: event.data.n, key: event.key, text: JSON.stringify(event) }),
              { name: who, order: 'key', filter: (event) => Object.isFrozen(Object.freeze(event)) },
            );
          }

          const ruled: number[] = [];
          for (const [n, { key, priority, change }] of moves.entries()) {
            if (change !== undefined) bus.addRoutingRule(change);
            await bus.publish(
              item,
              { n, key },
              { priority, id: `018cc251-f400-7800-8001-${String(n).padStart(12, '0')}` },
            );
            ruled.push(n);
          }
          await clock.flush();

          for (const who of ['left', 'right', 'witness']) {
            for (const key of ['a', 'b']) {
              const order = seen.filter((one) => one.who === who && one.key === key).map(({ n }) => n);
              expect(order).toEqual(order.toSorted((a, b) => a - b));
            }
          }
          // All who got an event saw the same one.
          for (const n of ruled)
            expect(
              new Set(seen.filter((one) => one.n === n).map(({ text }) => text)).size,
            ).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 100 },
    ));
});
