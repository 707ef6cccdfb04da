import { createBus, defineEvent } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { silentLogger } from '../support/bus-world.ts';
import { createDurableWorld, delayed, reopened } from '../support/durable-world.ts';

const placed = defineEvent('order.placed', z.object({ n: z.int() }));

describe('the registry of subscriptions', () => {
  it('keeps what each is, what it was given and how often it failed, over restarts', async () => {
    const { start, clock } = createDurableWorld();
    const first = start();
    first.subscribe(
      'order.*',
      ({ data }) => {
        if ((data as { n: number }).n === 2) throw new Error('no');
      },
      {
        name: 'billing',
        filter: [{ exact: { type: 'order.placed' } }, () => true],
        minPriority: 'normal',
        retry: false,
        breaker: false,
      },
    );
    const createdAt = clock.now();
    await clock.advanceBy(10);
    for (const n of [1, 2, 3]) await first.publish(placed, { n });
    await clock.flush();
    const lastDeliveredAt = clock.now();
    await first.close();
    await clock.advanceBy(1_000);
    const second = start();
    await second.ready();
    const [record] = second.subscriptions();

    expect(record).toEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/u),
      name: 'billing',
      patterns: ['order.*'],
      filter: [{ exact: { type: 'order.placed' } }, 'function'],
      minPriority: 'normal',
      createdAt,
      lastDeliveredAt,
      deliveries: 3,
      errors: 1,
      paused: false,
      active: false,
      durable: true,
    });
    second.subscribe('order.*', () => {}, { name: 'billing' });
    await second.publish(placed, { n: 4 });
    await clock.flush();
    expect(second.subscriptions()).toMatchObject([
      { id: record?.id, createdAt, deliveries: 4, errors: 1, active: true },
    ]);
  });

  it.each([0, 1])(
    'leaves one paused that was, until it is resumed; store answers after %i ms',
    async (ms) => {
      const { start, clock } = createDurableWorld({ store: ms === 0 ? reopened() : delayed(reopened(), ms) });
      const first = start();
      const handle = first.subscribe(placed, () => {}, { name: 'billing' });
      await clock.advanceBy(100);
      handle.pause();
      await clock.advanceBy(100);
      const second = start();
      const seen: number[] = [];
      const again = second.subscribe(placed, ({ data }) => void seen.push(data.n), { name: 'billing' });
      const other = second.subscribe(placed, () => {}, { name: 'other' });
      void second.publish(placed, { n: 1 });
      await clock.advanceBy(1_000);
      expect([seen, again.state.flow, other.state.flow]).toEqual([[], 'paused', 'running']);
      expect(second.subscriptions()).toMatchObject([{ paused: true }, { paused: false }]);
      again.resume();
      await clock.advanceBy(1_000);
      expect(seen).toEqual([1]);
      expect(start().subscription('billing')).toBeUndefined();
    },
  );

  it('lists those without a name, too, and keeps none of them', async () => {
    const { start } = createDurableWorld();
    const bus = start();
    bus.subscribe(placed, function mail() {});
    expect(bus.subscriptions()).toMatchObject([{ name: 'mail-1', durable: false, active: true }]);
    await bus.close();
    expect(start().subscriptions()).toEqual([]);
  });

  it('is there without a store, as long as the bus', async () => {
    const bus = createBus({ logger: silentLogger });
    const billing = bus.subscribe(placed, () => {}, { name: 'billing' });
    billing.pause();
    expect(bus.subscriptions()).toMatchObject([{ name: 'billing', paused: true, active: true }]);
    await bus.close();
  });
});
