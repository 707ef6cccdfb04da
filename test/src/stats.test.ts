import fc from 'fast-check';
import type { BusStats } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { anyOptions, anyPlan } from '../support/arbitrary-plans.ts';
import { createBusWorld } from '../support/bus-world.ts';

describe('the figures of a subscriber', () => {
  it('tell calls, failures in a row, rates and latencies', async () => {
    const { bus, clock, subscribe, publish } = createBusWorld();
    const worker = subscribe('worker', {
      retry: { maxAttempts: 2, baseMs: 10, jitter: 'none' },
      concurrency: 1,
    });

    publish({ key: undefined, priority: 'high', deeds: ['later'] });
    publish({ key: undefined, priority: 'low', deeds: ['reject'] });
    await clock.advanceBy(1_000);

    const { lastFailure, latencyMs, queue, ...counts } = worker.stats();
    expect(counts).toMatchObject({
      name: 'worker',
      patterns: ['task.run'],
      flow: 'running',
      calls: 3,
      succeeded: 1,
      failed: 2,
      timedOut: 0,
      consecutiveFailures: 2,
      successRate: 1 / 3,
      retried: 1,
      deadLettered: 1,
      running: 0,
    });
    expect(lastFailure).toMatchObject({ error: { message: 'rejected late' }, time: 1_700_000_000_031 });
    expect(latencyMs).toMatchObject({ count: 3, max: 11 });
    expect(latencyMs.p50).toBeCloseTo(5, 0);
    expect(latencyMs.mean).toBeCloseTo(7, 5);
    expect(queue.lanes).toMatchObject({ high: { startedPerSecond: 1 }, low: { startedPerSecond: 2 } });
    expect(bus.stats()).toMatchObject({ published: 2, failedPublishes: 0, deadLetters: 1, state: 'open' });
  });

  it('say 1 for the success rate before the first call', () => {
    const { subscribe } = createBusWorld();

    expect(subscribe('worker').stats()).toMatchObject({ successRate: 1, lastFailure: undefined });
  });

  it('I27: equal what the handlers themselves saw, whatever happens', () =>
    fc.assert(
      fc.asyncProperty(fc.array(anyPlan, { maxLength: 30 }), anyOptions, async (plans, options) => {
        const world = createBusWorld();
        const worker = world.subscribe('worker', options);
        const ended = { ok: 0, failed: 0, 'timed-out': 0, dropped: 0, 'dead-lettered': 0 };
        let toRetry = 0;
        worker.outcomes$.subscribe(({ status, retryInMs }) => {
          ended[status] += 1;
          if (retryInMs !== undefined) toRetry += 1;
        });
        const added: unknown[] = [];
        world.bus.deadLetters.added$.subscribe((letter) => added.push(letter));

        for (const plan of plans) {
          world.publish(plan);
          await world.clock.advanceBy(3);
        }
        await world.clock.advanceBy(60_000);

        const stats = worker.stats();
        const starts = world.moments.filter(({ what }) => what === 'start');
        expect(stats).toMatchObject({
          calls: starts.length,
          succeeded: ended.ok,
          failed: ended.failed + ended['timed-out'],
          timedOut: ended['timed-out'],
          retried: toRetry,
          deadLettered: added.length,
          dropped: ended.dropped,
          latencyMs: { count: starts.length },
          queue: { size: 0, parked: 0, blocked: 0 },
        });
        // What waits for its next try may still be dropped by the mailbox's policy.
        expect(starts.filter(({ attempt }) => attempt > 1).length).toBeLessThanOrEqual(toRetry);
        expect(world.bus.stats()).toMatchObject({
          published: world.resolved.length,
          failedPublishes: plans.length - world.resolved.length,
          deadLetters: added.length,
        });
      }),
      { numRuns: 200 },
    ));
});

describe('stats$', () => {
  it('emits at each heartbeat while someone listens', async () => {
    const { bus, clock, publish, subscribe } = createBusWorld({ heartbeatMs: 1_000 });
    subscribe('worker');
    const seen: BusStats[] = [];
    const listening = bus.stats$.subscribe((stats) => seen.push(stats));

    publish({ key: undefined, priority: 'normal', deeds: ['ok'] });
    await clock.advanceBy(2_500);
    listening.unsubscribe();
    await clock.advanceBy(5_000);

    expect(seen.map(({ time, published }) => [time, published])).toEqual([
      [1_700_000_001_000, 1],
      [1_700_000_002_000, 1],
    ]);
    expect(seen[0]?.subscribers).toMatchObject([{ name: 'worker', succeeded: 1 }]);
  });
});
