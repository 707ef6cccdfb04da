import { from, range } from 'rxjs';
import { adaptiveConcurrency, laneMap, type AdaptiveConcurrencyOptions } from 'breakwater/streams';
import { createVirtualClock, type VirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';

/**
 * A server that serves `capacity` calls at once in `serviceMs`; more of them share it and take longer.
 * Gives the limit over the last quarter of the calls.
 */
async function settledLimit(
  options: Omit<AdaptiveConcurrencyOptions, 'clock'>,
  capacity: number,
  calls = 4_000,
): Promise<{ readonly low: number; readonly high: number }> {
  const clock = createVirtualClock();
  let open = 0;
  let done = 0;
  let limit = options.initial ?? 8;
  let [low, high] = [Infinity, 0];
  const concurrency = adaptiveConcurrency({ ...options, clock, changes: { next: (now) => (limit = now) } });
  range(0, calls)
    .pipe(
      laneMap(
        async () => {
          open += 1;
          await wait(clock, 100 * Math.max(1, open / capacity));
          open -= 1;
          done += 1;
          if (done < calls * 0.75) return;
          low = Math.min(low, limit);
          high = Math.max(high, limit);
        },
        { concurrency },
      ),
    )
    .subscribe();
  await clock.advanceBy(calls * 200);
  expect(done).toBe(calls);
  return { low, high };
}

function wait(clock: VirtualClock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.setTimeout(resolve, ms);
  });
}

/** Ends calls of a limit that have taken `ms`, as many at once as it allows. */
function rounds(
  options: Omit<AdaptiveConcurrencyOptions, 'clock'>,
  calls: readonly (number | 'failed')[],
): number[] {
  const clock = createVirtualClock();
  const limit = adaptiveConcurrency({ ...options, clock })();
  return calls.map((ms) => {
    const running = limit.limit;
    const starts = Array.from({ length: running }, () => limit.started());
    clock.advanceBySync(ms === 'failed' ? 10 : ms);
    for (const start of starts) limit.ended(start, running, ms === 'failed');
    return limit.limit;
  });
}

describe('adaptiveConcurrency', () => {
  it('finds about what the other side can serve, by the gradient of latency', async () => {
    const { low, high } = await settledLimit({ initial: 2 }, 20);
    expect(low).toBeGreaterThanOrEqual(10);
    expect(high).toBeLessThanOrEqual(60);
  });

  it('finds about what the other side can serve, by a target', async () => {
    const { low, high } = await settledLimit({ algorithm: 'aimd', targetMs: 150, initial: 2 }, 20);
    expect(low).toBeGreaterThanOrEqual(10);
    expect(high).toBeLessThanOrEqual(40);
  });

  it('adds one a round while all goes well, and halves it once for a round that does not', () => {
    const grown = rounds({ algorithm: 'aimd', initial: 8 }, [10, 10, 10, 'failed', 10]);
    expect(grown.map((limit, at) => limit - (grown[at - 1] ?? 8))).toEqual([0, 1, 1, -5, 1]);
  });

  it('takes a latency above targetMs for congestion, one at it not', () => {
    expect(rounds({ algorithm: 'aimd', initial: 8, targetMs: 10 }, [10, 11])).toEqual([8, 4]);
  });

  it('cuts again for a call that began at the very moment of a cut, not for one that began before it', () => {
    const clock = createVirtualClock();
    const limit = adaptiveConcurrency({ clock, algorithm: 'aimd', initial: 8 })();
    const [cutting, before] = [limit.started(), limit.started()];
    clock.advanceBySync(10);
    limit.ended(cutting, 8, true);
    const after = limit.started();
    clock.advanceBySync(10);
    const limits = [before, after].map((start) => {
      limit.ended(start, 4, true);
      return limit.limit;
    });
    expect(limits).toEqual([4, 2]);
  });

  it('adds its part of a round for a call that ends with just half of the limit in use', () => {
    const limit = adaptiveConcurrency({ clock: createVirtualClock(), algorithm: 'aimd', initial: 2 })();
    const limits = [1, 2, 2].map((running) => {
      limit.ended(limit.started(), running, false);
      return limit.limit;
    });
    // 2 + 1/2 + 1/2.5 + 1/2.9: without the first it would be 2.9.
    expect(limits).toEqual([2, 2, 3]);
  });

  it('stays within min and max', () => {
    for (const algorithm of ['aimd', 'gradient'] as const) {
      const bad = Array.from({ length: 20 }, () => 'failed' as const);
      const good = Array.from({ length: 60 }, () => 10);
      expect(rounds({ algorithm, min: 2, max: 12 }, bad).at(-1)).toBe(2);
      expect(rounds({ algorithm, min: 2, max: 12 }, good).at(-1)).toBe(12);
    }
  });

  it('does not grow while less than half of it is used', () => {
    for (const algorithm of ['aimd', 'gradient'] as const) {
      const limit = adaptiveConcurrency({ clock: createVirtualClock(), algorithm, initial: 8 })();
      for (let call = 0; call < 100; call += 1) limit.ended(limit.started(), 3, false);
      expect(limit.limit).toBe(8);
    }
  });

  it('shrinks when latency rises above the tolerance, and recovers when it falls', () => {
    const calm = Array.from({ length: 30 }, () => 10);
    const limits = rounds({ initial: 20, max: 40 }, [...calm, 100, 100, 100, ...calm]);
    expect(limits[29]).toBe(40);
    expect(limits[32]).toBeLessThan(38);
    expect(limits.at(-1)).toBe(40);
  });

  it('takes latency that has risen for good for the new normal, once it has measured it', () => {
    const [fast, slow] = [10, 100].map((ms) => Array.from({ length: 120 }, () => ms));
    const limits = rounds({ initial: 20, max: 40 }, [...(fast ?? []), ...(slow ?? [])]);
    expect(Math.min(...limits.slice(120))).toBeLessThan(20);
    expect(limits.at(-1)).toBe(40);
  });

  it.each(['aimd', 'gradient'] as const)(
    'tells its limit each time it changes, and only then: %s',
    (algorithm) => {
      const told: number[] = [];
      const clock = createVirtualClock();
      const changes = { next: (limit: number) => told.push(limit) };
      const limit = adaptiveConcurrency({ clock, algorithm, initial: 4, max: 8, changes })();
      const limits = [4];
      for (let call = 0; call < 400; call += 1) {
        limit.ended(limit.started(), 8, call % 97 === 96);
        if (limits.at(-1) !== limit.limit) limits.push(limit.limit);
      }
      expect(limits.length).toBeGreaterThan(4);
      expect(told).toEqual(limits.slice(1));
    },
  );

  it('learns anew in each subscription', () => {
    const make = adaptiveConcurrency({ clock: createVirtualClock(), algorithm: 'aimd' });
    const first = make();
    first.ended(first.started(), 8, true);
    expect([first.limit, make().limit]).toEqual([4, 8]);
  });

  it('lets laneMap start more as soon as the limit grows', () => {
    const clock = createVirtualClock();
    const open: (() => void)[] = [];
    from([1, 2, 3, 4])
      .pipe(
        laneMap(() => new Promise<void>((resolve) => void open.push(resolve)), {
          concurrency: adaptiveConcurrency({ clock, algorithm: 'aimd', initial: 1, max: 2 }),
        }),
      )
      .subscribe();
    expect(open).toHaveLength(1);
    open[0]?.();
    return Promise.resolve().then(() => expect(open).toHaveLength(3));
  });

  it.each([
    [{ min: 0 }, /min must be a whole number of at least 1/],
    [{ min: 5, max: 4 }, /max must be a whole number of at least 5/],
    [{ initial: 300 }, /initial must be at most max = 256, got 300/],
    [{ tolerance: 0.5 }, /tolerance must be a number of at least 1, got 0.5/],
    [{ targetMs: 0 }, /targetMs must be above 0/],
    [{ decrease: 1 }, /decrease must be above 0 and below 1, got 1/],
    [{ algorithm: 'best' as 'aimd' }, /algorithm must be gradient or aimd, got "best"/],
  ])('refuses %j', (options, message) => {
    expect(() => adaptiveConcurrency({ clock: createVirtualClock(), ...options })).toThrow(message);
  });
});
