import { defineEvent, type EventEnvelope, type SubscriberOptions } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createBusWorld } from '../support/bus-world.ts';

const called = defineEvent('service.called', z.object({ n: z.int() }));
const breaker = { consecutiveFailures: 3, resetTimeoutMs: 1_000, jitter: 0, halfOpenCalls: 1 } as const;

/** A subscriber that fails while `healthy` is false, and what it was given. */
function failing(options: SubscriberOptions = {}) {
  const world = createBusWorld();
  const service = { healthy: false, calls: [] as number[] };
  const subscription = world.bus.subscribe(
    called,
    ({ data }) => {
      service.calls.push(data.n);
      if (!service.healthy) throw new Error('no answer');
    },
    { name: 'service', retry: false, concurrency: 1, breaker, ...(options as object) },
  );
  const publish = (count: number) =>
    world.bus.publishBatch(Array.from({ length: count }, (_, n) => called({ n })));
  return { ...world, service, subscription, publish };
}

describe('the breaker of a subscriber', () => {
  it('opens after so many failures in a row, and says since when; events wait meanwhile', async () => {
    const { clock, service, subscription, publish, bus } = failing();
    const openedAt = clock.now();

    await publish(5);
    await clock.advanceBy(999);

    expect(service.calls).toEqual([0, 1, 2]);
    expect(subscription.stats()).toMatchObject({
      breaker: { state: 'open', since: openedAt, opened: 1 },
      consecutiveFailures: 3,
      queue: { size: 2 },
    });
    expect(bus.deadLetters.size).toBe(3);
  });

  it('lets one call through on trial after its time, and closes when that succeeds', async () => {
    const { clock, service, subscription, publish } = failing();
    await publish(5);
    await clock.flush();
    service.healthy = true;

    await clock.advanceBy(1_000);

    expect(service.calls).toEqual([0, 1, 2, 3, 4]);
    expect(subscription.state).toEqual({ flow: 'running', breaker: 'closed' });
  });

  it('stays open twice as long when the trial fails', async () => {
    const { clock, service, subscription, publish } = failing();
    await publish(6);
    await clock.advanceBy(1_000);
    expect(service.calls).toHaveLength(4);

    await clock.advanceBy(1_999);
    expect(service.calls).toHaveLength(4);
    await clock.advanceBy(1);
    expect(service.calls).toHaveLength(5);
    expect(subscription.stats().breaker.opened).toBe(3);
  });

  it('announces on the bus what it does', async () => {
    const { bus, clock, service, publish } = failing();
    const announced: string[] = [];
    bus.subscribe('breakwater.breaker.*', ({ type, data }) => {
      announced.push(`${type} ${(data as { subscriber: string }).subscriber}`);
    });
    await publish(4);
    await clock.flush();
    service.healthy = true;
    await clock.advanceBy(1_000);

    expect(announced).toEqual([
      'breakwater.breaker.opened service',
      'breakwater.breaker.half-opened service',
      'breakwater.breaker.closed service',
    ]);
  });

  it('calls the fallback in place of the handler while it is open, if there is one', async () => {
    const fallen: number[] = [];
    const { clock, service, subscription, publish } = failing({
      fallback: ({ data }: EventEnvelope) => void fallen.push((data as { n: number }).n),
    });

    await publish(5);
    await clock.flush();

    expect({ calls: service.calls, fallen }).toEqual({ calls: [0, 1, 2], fallen: [3, 4] });
    expect(subscription.stats()).toMatchObject({ fallbacks: 2, queue: { size: 0 } });
  });

  it('of one subscriber delays no other', async () => {
    const { bus, clock, publish } = failing();
    const seen: number[] = [];
    bus.subscribe(called, ({ data }) => void seen.push(data.n));

    await publish(5);
    await clock.flush();

    expect(seen).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('isolate', () => {
  it('keeps the breaker open by hand, whatever time passes, until reset', async () => {
    const { clock, service, subscription, publish } = failing();
    service.healthy = true;
    subscription.isolate();

    await publish(2);
    await clock.advanceBy(1_000_000);
    expect(service.calls).toEqual([]);
    expect(subscription.state.breaker).toBe('isolated');

    subscription.reset();
    await clock.flush();
    expect(service.calls).toEqual([0, 1]);
    expect(subscription.state.breaker).toBe('closed');
  });

  it('works on a subscriber without a breaker', async () => {
    const { clock, service, subscription, publish } = failing({ breaker: false });
    service.healthy = true;
    subscription.isolate();
    await publish(1);
    await clock.flush();
    expect(service.calls).toEqual([]);

    subscription.reset();
    await clock.flush();
    expect(service.calls).toEqual([0]);
  });

  it('is not waited for by idle', async () => {
    const { bus, clock, subscription, publish } = failing();
    subscription.isolate();
    await publish(2);
    let idle = false;
    void bus.idle().then(() => (idle = true));

    await clock.flush();
    expect(idle).toBe(true);
  });
});

describe('reset', () => {
  it('closes an open breaker at once', async () => {
    const { clock, service, subscription, publish } = failing();
    await publish(5);
    await clock.flush();
    service.healthy = true;

    subscription.reset();
    await clock.flush();

    expect(service.calls).toEqual([0, 1, 2, 3, 4]);
  });
});
