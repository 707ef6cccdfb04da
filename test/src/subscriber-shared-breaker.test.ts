import { createBus, memoryTransport, type Bus, type TransportFactory } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { breakerWorld, openMs, pollMs } from '../support/breaker-world.ts';
import { silentLogger } from '../support/bus-world.ts';

describe('a subscriber that asks for a shared breaker', () => {
  const breaker = {
    consecutiveFailures: 2,
    resetTimeoutMs: openMs,
    halfOpenCalls: 1,
    jitter: 0,
    shared: true,
  };

  function buses(count: number) {
    const { clock, store } = breakerWorld();
    const service = { down: true, calls: 0 };
    const transport: TransportFactory = (ports) =>
      Object.assign(memoryTransport()(ports), { sharedState: store });
    const random = [0.1, 0.2, 0.3].values();
    const made = Array.from({ length: count }, () => {
      const own = random.next().value ?? 0;
      const bus = createBus({ clock, transport, logger: silentLogger, random: () => own });
      const handle = bus.subscribe(
        'service.called',
        () => {
          service.calls += 1;
          if (service.down) throw new Error('down');
        },
        { name: 'billing', breaker, retry: false },
      );
      return { bus, handle };
    });
    return { clock, service, made };
  }

  function emit(made: readonly { readonly bus: Bus }[], times: number): void {
    for (const { bus } of made) for (let n = 0; n < times; n += 1) bus.emit('service.called', n);
  }

  it('has its events wait in each process while it is open, and one of them try', async () => {
    const { clock, service, made } = buses(3);
    await clock.advanceBy(10);
    emit(made.slice(0, 1), 2);
    await clock.advanceBy(pollMs + 10);
    expect(made.map(({ handle }) => handle.state.breaker)).toEqual(['open', 'open', 'open']);
    emit(made, 5);
    await clock.advanceBy(openMs - pollMs - 20);
    expect(service.calls).toBe(2);
    await clock.advanceBy(pollMs);
    expect(service.calls).toBe(3);
    service.down = false;
    await clock.advanceBy(2 * openMs + 2 * pollMs);

    expect(made.map(({ handle }) => handle.state.breaker)).toEqual(['closed', 'closed', 'closed']);
    expect(service.calls).toBe(2 + 15);
    for (const { bus } of made) await bus.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('drains, and says before it goes what came of its trials', async () => {
    const { clock, service, made } = buses(2);
    await clock.advanceBy(10);
    emit(made, 3);
    await clock.advanceBy(pollMs + 10);
    service.down = false;
    const drained = Promise.all(made.map(({ handle }) => handle.drain()));
    await clock.advanceBy(2 * openMs + 20_000);
    await drained;

    expect(made.map(({ handle }) => handle.stats().queue.size)).toEqual([0, 0]);
  });

  it('needs a name that is the same in each process', () => {
    const bus = createBus({ logger: silentLogger });

    expect(() => bus.subscribe('service.called', () => {}, { breaker })).toThrow(
      new TypeError('breaker.shared needs a name that is the same in each process; give the subscriber one'),
    );
  });

  it('needs a transport whose processes share state, and says which one has', () => {
    const bus = createBus({ logger: silentLogger });

    expect(() => bus.subscribe('service.called', () => {}, { name: 'billing', breaker })).toThrow(
      /breaker\.shared needs a transport whose processes share state.*memory transport.*use jetStream\(\)/,
    );
    expect(bus.subscriptions().length).toBe(0);
  });

  it('says what shared may be', () => {
    const bus = createBus({ logger: silentLogger });
    const odd = { ...breaker, shared: 'yes' as unknown as boolean };

    expect(() => bus.subscribe('service.called', () => {}, { name: 'billing', breaker: odd })).toThrow(
      new TypeError('breaker.shared must be true or false, got "yes"'),
    );
  });
});
