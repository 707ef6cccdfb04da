import fc from 'fast-check';
import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '../../../src/testing/virtual-clock.ts';
import type { CallResult } from '../../../streams/event/outcome.ts';
import {
  failureWindow,
  type FailureWindowOptions,
  type Trip,
} from '../../../streams/operators/failure-window.ts';

describe('failureWindow over a time', () => {
  function timed(options: FailureWindowOptions) {
    const clock = createVirtualClock();
    const source = new Subject<CallResult>();
    const trips: Trip[] = [];
    source.pipe(failureWindow({ windowMs: 10_000, clock, ...options })).subscribe((trip) => trips.push(trip));
    return { clock, source, trips };
  }

  it('counts no result once it is windowMs old', () => {
    const { clock, source, trips } = timed({ minimumCalls: 2 });
    source.next('failed');
    clock.advanceBySync(10_000);
    source.next('failed');

    expect(trips).toEqual([]);
  });

  it.each([100, 10_000, 86_400_000])('counts every result for nine tenths of %d ms', (windowMs) => {
    const { clock, source, trips } = timed({ windowMs, minimumCalls: 2 });
    clock.advanceBySync(windowMs / 10 - 1);
    source.next('slow-failed');
    clock.advanceBySync(windowMs * 0.9);
    source.next('failed');

    expect(trips).toMatchObject([{ calls: 2, failureRate: 1, slowRate: 0.5 }]);
  });

  it('counts every result but those of the last second, where the window is of a minute or more', () => {
    const { clock, source, trips } = timed({ windowMs: 60_000, minimumCalls: 2 });
    source.next('failed');
    clock.advanceBySync(58_999);
    source.next('failed');

    expect(trips).toMatchObject([{ calls: 2 }]);
  });

  it.each([Infinity, 0, Number.NaN, '1000'])('refuses a window of %j ms', (windowMs) => {
    expect(() => timed({ windowMs: windowMs as number })).toThrow(
      /windowMs must be a number of milliseconds above 0/,
    );
  });

  it('takes the first failure as a trip where consecutiveFailures is 1, and judges no rate of fewer than 20', () => {
    const { source, trips } = timed({ consecutiveFailures: 1 });
    const rates = timed({});
    source.next('failed');
    for (let n = 0; n < 19; n += 1) rates.source.next('failed');
    const before = rates.trips.length;
    rates.source.next('failed');

    expect(trips).toMatchObject([{ kind: 'consecutive-failures' }]);
    expect([before, rates.trips.length]).toEqual([0, 1]);
  });

  it('forgets failures and slow calls together with the calls that they were', () => {
    const { clock, source, trips } = timed({ minimumCalls: 4, slowCallRateThreshold: 0.5 });
    source.next('slow-failed');
    source.next('slow-failed');
    clock.advanceBySync(5_000);
    source.next('ok');
    clock.advanceBySync(5_000);
    source.next('ok');
    source.next('ok');
    source.next('ok');

    expect(trips).toEqual([]);
  });

  it('forgets everything after a silence, however long', () => {
    const { clock, source, trips } = timed({ minimumCalls: 3 });
    source.next('failed');
    source.next('slow-failed');
    clock.advanceBySync(1e14);
    source.next('ok');
    source.next('ok');
    source.next('failed');

    expect(trips).toEqual([]);
  });

  it.each([0, 1e13])('does not notice a wall clock that is set to %d', (now) => {
    const { clock, source, trips } = timed({ minimumCalls: 2 });
    source.next('failed');
    clock.setWallClock(now);
    source.next('failed');

    expect(trips).toHaveLength(1);
  });

  // Law: no result older than windowMs counts, all those younger than nine tenths of it do.
  it('lies between the counts of a window and of nine tenths of it, for every history', () => {
    const step = fc.record({ waitMs: fc.nat(3_000), failed: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (history) => {
        const { clock, source, trips } = timed({ minimumCalls: 4, failureRateThreshold: 1 });
        const past: { at: number; failed: boolean }[] = [];
        const within = (ms: number) => past.filter(({ at }) => clock.monotonic() - at < ms);
        for (const { waitMs, failed } of history) {
          clock.advanceBySync(waitMs);
          past.push({ at: clock.monotonic(), failed });
          source.next(failed ? 'failed' : 'ok');
          const trip = trips.pop();
          if (trip === undefined) {
            const least = within(9_000);
            const most = within(10_000);
            expect(least.length >= 4 && most.every((each) => each.failed)).toBe(false);
            continue;
          }
          expect(trip.calls).toBeLessThanOrEqual(within(10_000).length);
          expect(trip.calls).toBeGreaterThanOrEqual(within(9_000).length);
          past.length = 0;
        }
      }),
    );
  });
});
