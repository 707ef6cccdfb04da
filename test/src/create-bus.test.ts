import { createBus, defineEvent, FatalError, type Logger } from 'breakwater';
import { createVirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const orderPlaced = defineEvent('order.placed', z.object({ orderId: z.string(), total: z.number() }), {
  key: (order) => order.orderId,
});

describe('createBus', () => {
  it('gives an event to a subscriber of its type', async () => {
    await using bus = createBus({ source: 'shop' });
    const totals: number[] = [];
    bus.subscribe(orderPlaced, (event) => {
      totals.push(event.data.total);
    });

    const receipt = await bus.publish(orderPlaced, { orderId: '42', total: 99.5 });
    await bus.idle();

    expect(totals).toEqual([99.5]);
    expect(receipt).toMatchObject({ level: 'accepted', subscribers: 1 });
  });

  it('keeps what a handler gave up in the dead letters', async () => {
    await using bus = createBus({ logger: silent });
    bus.subscribe(
      'order.*',
      () => {
        throw new FatalError('no such customer');
      },
      { name: 'billing' },
    );

    const report = await bus.publishAndWait(orderPlaced, { orderId: '42', total: 1 });

    expect(report.outcomes).toEqual([
      { subscriber: 'billing', settlement: 'dead-lettered', detail: 'fatal' },
    ]);
    expect(bus.deadLetters.list()).toMatchObject([{ subscriber: 'billing', reason: 'fatal', attempts: 1 }]);
  });

  it('tells when a subscriber came and when it was last given an event', async () => {
    const clock = createVirtualClock({ now: 1_000_000 });
    const bus = createBus({ clock });
    const worker = bus.subscribe('job.done', () => {});
    await clock.advanceBy(500);
    expect(worker.stats()).toMatchObject({ subscribedAt: 1_000_000, lastDeliveredAt: undefined });

    await bus.publish('job.done', {});
    await clock.advanceBy(250);

    expect(worker.stats().lastDeliveredAt).toBe(1_000_500);
  });
});
