import fc from 'fast-check';
import { defineEntity, defineEvent, durableTransport, memoryStore } from 'breakwater';
import { createTestBus, lawEntityFold, survivingStore, type EntityUnderTest } from 'breakwater/testing';
import { describe, it } from 'vitest';
import { z } from 'zod';

const added = defineEvent('item.added', z.object({ count: z.int() }));
const cart = defineEntity(
  'cart',
  {
    initial: { items: 0 },
    fold: (state: { readonly items: number }, event) => ({
      items: state.items + (event.data as { readonly count: number }).count,
    }),
  },
  { on: [added] },
);

/** Carts on a log that survives. */
function carts(): EntityUnderTest<number, number> {
  const bus = createTestBus({
    heartbeatMs: 86_400_000,
    transport: durableTransport(survivingStore(memoryStore())),
    setup: (bus) => bus.host(cart),
  });
  return {
    async send(key, count, id) {
      await bus.until(bus.publish(added, { count }, { key, id }));
      await bus.settle();
    },
    state: (key) => bus.until(bus.entity(cart, key).ask(({ items }) => items)),
    restart: bus.restart,
    passivate: () => bus.advanceBy(120_000),
  };
}

describe('an entity on a log', () => {
  it('holds the fold of its events, each exactly once', () =>
    lawEntityFold(carts, {
      events: fc.integer({ min: 1, max: 9 }),
      initial: 0,
      fold: (sum, count) => sum + count,
      numRuns: 50,
    }));
});
