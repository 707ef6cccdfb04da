import {
  memoryTransport,
  type Transport,
  type TransportFactory,
  type TransportSubscribeOptions,
} from 'breakwater';
import { merge, mergeMap, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createBusWorld } from '../support/bus-world.ts';

/** A memory transport whose streams fail on demand, by subscriber. */
function fragileTransport(): { readonly transport: TransportFactory; readonly fail: (name: string) => void } {
  const failures = new Subject<string>();
  const make = memoryTransport();
  return {
    transport: (ports) => {
      const inner = make(ports);
      const fragile: Transport = {
        name: inner.name,
        features: inner.features,
        publish: (events, options) => inner.publish(events, options),
        close: () => inner.close(),
        subscribe(patterns, options: TransportSubscribeOptions) {
          const subscription = inner.subscribe(patterns, options);
          const broken = failures.pipe(
            mergeMap((name) => (name === options.name ? throwError(() => new Error('stream lost')) : [])),
          );
          return {
            deliveries: merge(subscription.deliveries, broken),
            detach: () => subscription.detach(),
            status: () => subscription.status(),
          };
        },
      };
      return fragile;
    },
    fail: (name) => failures.next(name),
  };
}

function withFragileSubscriber() {
  const { transport, fail } = fragileTransport();
  const world = createBusWorld({
    transport,
    supervisor: { maxRestarts: 2, withinMs: 60_000, backoff: { baseMs: 100, jitter: 'none' } },
  });
  const seen: unknown[] = [];
  const subscription = world.bus.subscribe('order.*', ({ data }) => void seen.push(data), {
    name: 'billing',
  });
  const announced: unknown[] = [];
  world.bus.subscribe('breakwater.subscriber.*', ({ type, data }) => void announced.push([type, data]));
  return { ...world, fail, seen, subscription, announced };
}

describe('the supervisor', () => {
  it('restarts a subscriber whose stream failed, after a while, and says so', async () => {
    const { bus, clock, fail, seen, subscription, announced } = withFragileSubscriber();

    fail('billing');
    await clock.advanceBy(99);
    expect(subscription.state.flow).toBe('failed');
    await clock.advanceBy(1);
    expect(subscription.state.flow).toBe('running');

    await bus.publish('order.placed', 1);
    await clock.flush();
    expect(seen).toEqual([1]);
    expect(subscription.stats().restarts).toBe(1);
    expect(announced).toEqual([['breakwater.subscriber.restarted', { subscriber: 'billing', restarts: 1 }]]);
  });

  it('gives up a subscriber that fails again and again, and says so', async () => {
    const { bus, clock, fail, seen, subscription, announced } = withFragileSubscriber();

    for (let crash = 0; crash < 3; crash += 1) {
      fail('billing');
      await clock.advanceBy(1_000);
    }

    expect(subscription.state.flow).toBe('failed');
    expect(announced.at(-1)).toEqual([
      'breakwater.subscriber.failed',
      { subscriber: 'billing', error: 'Error: stream lost' },
    ]);
    await bus.publish('order.placed', 1);
    await clock.advanceBy(1_000_000);
    expect(seen).toEqual([]);
    expect(subscription.stats().restarts).toBe(2);
  });

  it('forgets failures after a while', async () => {
    const { clock, fail, subscription } = withFragileSubscriber();

    for (let crash = 0; crash < 5; crash += 1) {
      fail('billing');
      await clock.advanceBy(60_001);
    }

    expect(subscription.state.flow).toBe('running');
    expect(subscription.stats().restarts).toBe(5);
  });

  it('of one subscriber touches no other', async () => {
    const { bus, clock, fail } = withFragileSubscriber();
    const others: unknown[] = [];
    const other = bus.subscribe('order.*', ({ data }) => void others.push(data));

    fail('billing');
    await bus.publish('order.placed', 1);
    await clock.flush();

    expect(others).toEqual([1]);
    expect(other.stats().restarts).toBe(0);
  });

  it('is over with idle and close, also for a subscriber that was given up', async () => {
    const { bus, clock, fail } = withFragileSubscriber();
    for (let crash = 0; crash < 3; crash += 1) {
      fail('billing');
      await clock.advanceBy(1_000);
    }

    const closing = bus.close();
    await clock.flush();

    await expect(closing).resolves.toEqual({ undelivered: 0 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('restarts a subscriber whose stream fails while it is subscribed to', async () => {
    const make = memoryTransport();
    let tries = 0;
    const { bus, clock } = createBusWorld({
      transport: (ports) => {
        const inner = make(ports);
        return {
          name: 'late',
          features: inner.features,
          publish: (events, options) => inner.publish(events, options),
          close: () => inner.close(),
          subscribe(patterns, options) {
            tries += 1;
            const subscription = inner.subscribe(patterns, options);
            if (tries > 1) return subscription;
            return {
              deliveries: throwError(() => new Error('not yet')),
              detach: () => subscription.detach(),
              status: () => subscription.status(),
            };
          },
        };
      },
    });
    const seen: unknown[] = [];
    bus.subscribe('order.*', ({ data }) => void seen.push(data));

    await clock.advanceBy(1_000);
    await bus.publish('order.placed', 1);
    await clock.flush();

    expect(seen).toEqual([1]);
  });
});
