import { defineEvent, FatalError, noopTransport, type SubscriberOptions } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createBusWorld } from '../support/bus-world.ts';

const orderPlaced = defineEvent('order.placed', z.object({ total: z.number() }));

describe('publishAndWait', () => {
  it('resolves when the last subscriber is done, and says what each did, in the order of their ends', async () => {
    const { bus, clock } = createBusWorld();
    const sleep = (ms: number) => new Promise<void>((resolve) => void clock.setTimeout(resolve, ms));
    bus.subscribe(orderPlaced, () => sleep(50), { name: 'slow' });
    bus.subscribe(orderPlaced, () => {}, { name: 'quick' });
    bus.subscribe(
      orderPlaced,
      async () => {
        await sleep(10);
        throw new FatalError('no such customer');
      },
      { name: 'failing' },
    );
    let done = false;
    const waiting = bus.publishAndWait(orderPlaced, { total: 1 }).finally(() => {
      done = true;
    });

    await clock.advanceBy(49);
    expect(done).toBe(false);
    await clock.advanceBy(1);

    await expect(waiting).resolves.toMatchObject({
      level: 'accepted',
      subscribers: 3,
      outcomes: [
        { subscriber: 'quick', settlement: 'handled' },
        { subscriber: 'failing', settlement: 'dead-lettered', detail: 'fatal' },
        { subscriber: 'slow', settlement: 'handled' },
      ],
    });
  });

  it('waits for retries', async () => {
    const { bus, clock } = createBusWorld();
    let calls = 0;
    bus.subscribe(
      orderPlaced,
      () => {
        calls += 1;
        if (calls < 3) throw new Error('not yet');
      },
      { name: 'stubborn' },
    );

    const waiting = bus.publishAndWait(orderPlaced, { total: 1 });
    await clock.advanceBy(10_000);

    expect((await waiting).outcomes).toEqual([{ subscriber: 'stubborn', settlement: 'handled' }]);
    expect(calls).toBe(3);
  });

  it.each<[string, SubscriberOptions, object]>([
    ['one that a filter refused', { filter: () => false }, { settlement: 'filtered' }],
    ['one below the least priority', { minPriority: 'high' }, { settlement: 'filtered' }],
    [
      'one that its mailbox dropped',
      { mailbox: { capacity: 1, overflow: 'drop-newest' } },
      { settlement: 'dropped', detail: 'drop-newest' },
    ],
    [
      'one that failed at every attempt',
      { retry: { maxAttempts: 2 } },
      { settlement: 'dead-lettered', detail: 'exhausted' },
    ],
  ])('says of %s what became of it', async (_what, options, outcome) => {
    const { bus, clock } = createBusWorld();
    const subscription = bus.subscribe(
      orderPlaced,
      () => {
        throw new Error('always');
      },
      { name: 'worker', ...(options as object) },
    );
    if (options.mailbox !== undefined) {
      subscription.pause();
      bus.publishSync(orderPlaced, { total: 0 });
    }

    const waiting = bus.publishAndWait(orderPlaced, { total: 1 });
    await clock.advanceBy(10_000);

    expect((await waiting).outcomes).toEqual([{ subscriber: 'worker', ...outcome }]);
  });

  it('counts what a subscriber let go of when it left', async () => {
    const { bus, clock } = createBusWorld();
    const leaving = bus.subscribe(orderPlaced, () => {}, { name: 'leaving' });
    leaving.pause();
    const waiting = bus.publishAndWait(orderPlaced, { total: 1 });
    await clock.flush();
    await leaving.unsubscribe();

    expect((await waiting).outcomes).toEqual([
      { subscriber: 'leaving', settlement: 'dropped', detail: 'unsubscribed' },
    ]);
  });

  it('resolves at once where nobody subscribes, and on a transport that carries nothing', async () => {
    const { bus } = createBusWorld();
    await expect(bus.publishAndWait(orderPlaced, { total: 1 })).resolves.toMatchObject({ outcomes: [] });

    const { bus: noop } = createBusWorld({ transport: noopTransport() });
    noop.subscribe(orderPlaced, () => {});
    await expect(noop.publishAndWait(orderPlaced, { total: 1 })).resolves.toMatchObject({
      level: 'none',
      outcomes: [],
    });
  });

  it('rejects as publish does', async () => {
    const { bus } = createBusWorld();

    await expect(bus.publishAndWait(orderPlaced, { total: Number.NaN })).rejects.toMatchObject({
      code: 'ERR_VALIDATION',
    });
  });

  it('says of a transport that tells no settlements that it cannot wait', async () => {
    const noop = noopTransport();
    const { bus } = createBusWorld({
      transport: (ports) => {
        const transport = noop(ports);
        return { ...transport, name: 'mute', features: { ...transport.features, settlements: false } };
      },
    });

    await expect(bus.publishAndWait(orderPlaced, { total: 1 })).rejects.toThrow(
      'publishAndWait needs to hear of settlements, which the mute transport does not tell',
    );
  });
});
