import type { Subscription } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { createBusWorld } from '../support/bus-world.ts';

describe('a bus', () => {
  it('H21: refuses more subscriptions than it may have, 50 000 times, and reaches all that it has', async () => {
    const { bus, clock } = createBusWorld({ maxSubscribers: 1_000 });
    let calls = 0;
    const handler = (): void => {
      calls += 1;
    };
    let refused = 0;
    for (let n = 0; n < 50_000; n += 1) {
      try {
        bus.subscribe('>', handler, { breaker: false });
      } catch (error) {
        expect(String(error)).toBe(
          'RangeError: the bus has 1000 subscribers, as many as it may; unsubscribe some, or raise maxSubscribers',
        );
        refused += 1;
      }
    }

    const { subscribers } = await bus.publish('order.placed', 1);
    await clock.flush();

    expect({ refused, subscribers, calls }).toEqual({ refused: 49_000, subscribers: 1_000, calls: 1_000 });
    expect(bus.handlerCount('order.placed')).toBe(1_000);
  });

  it('H21: takes another subscriber for one that has left', async () => {
    const { bus } = createBusWorld({ maxSubscribers: 1 });
    const only = bus.subscribe('>', () => {});
    expect(() => bus.subscribe('>', () => {})).toThrow('as many as it may');

    await only.unsubscribe();
    expect(bus.subscribe('>', () => {}).name).toBe('handler-2');
  });

  it('H22: gives an event to those who subscribed when it was published, whoever comes and goes meanwhile', async () => {
    const { bus, clock } = createBusWorld();
    const seen: string[] = [];
    const guests: Subscription[] = [];
    const invite = (): void => {
      const name = `guest-${guests.length}`;
      guests.push(bus.subscribe('order.*', () => void seen.push(name), { name }));
    };
    // A filter runs in the midst of routing: a subscription that it makes is for the next event.
    bus.subscribe('order.*', () => void seen.push('host'), {
      name: 'host',
      filter: () => {
        invite();
        return true;
      },
    });

    await bus.publish('order.placed', 1);
    await clock.flush();
    expect(seen).toEqual(['host']);

    seen.length = 0;
    await bus.publish('order.placed', 2);
    await clock.flush();
    expect(seen).toEqual(['host', 'guest-0']);
    expect(guests).toHaveLength(2);
  });

  it('H22: outlives a storm of subscribing and unsubscribing from within handlers', async () => {
    const { bus, clock } = createBusWorld();
    const seen: number[] = [];
    let handled = 0;
    let started = 0;
    bus.subscribe(
      'storm.blows',
      async ({ data }, { publish }) => {
        const visitor = bus.subscribe(['storm.*', '>'], () => void (handled += 1), { breaker: false });
        started += 1;
        if (Number(data) < 500) await publish('storm.blows', Number(data) + 1, {});
        if (Number(data) % 2 === 0) visitor.pause();
        await visitor.unsubscribe();
        await visitor.unsubscribe();
      },
      { name: 'eye', concurrency: Infinity },
    );
    bus.subscribe('storm.blows', ({ data }) => void seen.push(Number(data)), { name: 'witness' });
    for (const n of [450, 470, 490]) await bus.publish('storm.blows', n);
    await clock.flush();

    expect(bus.handlerCount()).toBe(2);
    expect(started).toBe(seen.length);
    expect(handled).toBeGreaterThan(0);
    expect(bus.stats().subscribers.map(({ name, failed }) => [name, failed])).toEqual([
      ['eye', 0],
      ['witness', 0],
    ]);
    await bus.publish('storm.passes', 1);
    expect(bus.handlerCount('storm.passes')).toBe(0);
  });

  it('H22: lets a subscriber leave from within its own handler, once that has ended', async () => {
    const { bus, clock } = createBusWorld();
    const seen: unknown[] = [];
    let left = false;
    const once = bus.subscribe(
      'order.*',
      ({ data }) => {
        seen.push(data);
        void once.unsubscribe().then(() => (left = true));
      },
      { concurrency: 1 },
    );

    bus.emit('order.placed', 1);
    bus.emit('order.placed', 2);
    await clock.flush();

    expect({ seen, left, dropped: once.stats().dropped }).toEqual({ seen: [1], left: true, dropped: 1 });
    expect(once.state.flow).toBe('stopped');
  });
});
