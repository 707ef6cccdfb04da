import { createBus, type SubscriberOptions } from 'breakwater';
import { createVirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '../support/bus-world.ts';

const breaker = { windowSize: 4, minimumCalls: 2, resetTimeoutMs: 1000, jitter: 0, halfOpenCalls: 2 };

function failingService(options: SubscriberOptions = {}) {
  const clock = createVirtualClock();
  const bus = createBus({ clock, logger: silentLogger });
  const service = { down: true, calls: 0 };
  const subscription = bus.subscribe(
    'service.called',
    async () => {
      service.calls += 1;
      if (service.down) throw new Error('down');
    },
    { name: 'service', concurrency: 1, breaker, retry: false, ...options },
  );
  return { bus, clock, service, subscription };
}

describe('a subscriber with a breaker', () => {
  it('stops calling once the window says so, and lets events wait instead of giving them up', async () => {
    const { bus, clock, service, subscription } = failingService();
    for (let n = 0; n < 10; n += 1) bus.emit('service.called', n);

    await clock.flush();

    expect(service.calls).toBe(2);
    expect(subscription.state.breaker).toBe('open');
    expect(subscription.stats().queue.size).toBe(8);
    expect(bus.deadLetters.size).toBe(2);
  });

  it('goes on with what waited when the trials succeed', async () => {
    const { bus, clock, service, subscription } = failingService();
    for (let n = 0; n < 10; n += 1) bus.emit('service.called', n);
    await clock.flush();

    service.down = false;
    await clock.advanceBy(1000);

    expect(subscription.state.breaker).toBe('closed');
    expect(subscription.stats()).toMatchObject({ succeeded: 8, failed: 2, breaker: { opened: 1 } });
  });

  it('stays open twice as long after trials that failed', async () => {
    const { bus, clock, service, subscription } = failingService();
    for (let n = 0; n < 10; n += 1) bus.emit('service.called', n);

    await clock.advanceBy(1000);
    expect(service.calls).toBe(4);
    await clock.advanceBy(1999);
    expect(service.calls).toBe(4);
    await clock.advanceBy(1);

    expect(service.calls).toBe(6);
    expect(subscription.stats().breaker.opened).toBe(3);
  });

  it('announces what it does under breakwater.breaker', async () => {
    const { bus, clock } = failingService();
    const seen: string[] = [];
    bus.subscribe('breakwater.breaker.*', (event) => void seen.push(event.type));
    for (let n = 0; n < 3; n += 1) bus.emit('service.called', n);

    await clock.advanceBy(1000);

    expect(seen).toEqual(['breakwater.breaker.opened', 'breakwater.breaker.half-opened']);
  });
});
