import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../../streams/queue/token-bucket.ts';

/** Evenly over its range, with fractions: doubles of fast-check are mostly tiny. */
function fraction(min: number, max: number): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: 1_000_000 }).map((i) => min + ((max - min) * i) / 1_000_000);
}

const rate = fc.oneof(fraction(0.1, 10), fraction(10, 5_000));
const burst = fraction(1, 50);
/** Time steps with fractions, as a monotonic clock gives them, and long silences. */
const gapMs = fc.oneof(fraction(0, 5), fc.constantFrom(0, 0.1, 1, 60_000));
const asks = fc.array(fc.tuple(gapMs, fc.integer({ min: 1, max: 4 })), {
  minLength: 1,
  maxLength: 120,
  size: 'max',
});

describe('TokenBucket', () => {
  it('lets no more than burst + rate · t go in any t seconds', () => {
    fc.assert(
      fc.property(rate, burst, asks, (ratePerSecond, burst, plan) => {
        const bucket = new TokenBucket({ ratePerSecond, burst });
        const taken: { readonly at: number; readonly count: number }[] = [];
        let now = 1_000_000;
        for (const [gap, count] of plan) {
          now += gap;
          if (bucket.tryTake(now, count)) taken.push({ at: now, count });
        }
        const overdrawn = taken.filter((first, index) => {
          let sum = 0;
          return taken.slice(index).some(({ at, count }) => {
            sum += count;
            return sum > burst + (ratePerSecond * (at - first.at)) / 1000 + 1e-4;
          });
        });
        expect(overdrawn).toEqual([]);
      }),
    );
  });

  it('lets tokens go after waitMs, and not a millisecond before', () => {
    fc.assert(
      fc.property(rate, burst, asks, (ratePerSecond, burst, plan) => {
        const bucket = new TokenBucket({ ratePerSecond, burst });
        let now = 0;
        for (const [gap, asked] of plan) {
          now += gap;
          const count = Math.min(asked, burst);
          const waitMs = bucket.waitMs(now, count);
          if (waitMs > 1) expect(bucket.tryTake(now + waitMs - 1 - 1e-3, count)).toBe(false);
          now += waitMs;
          expect(bucket.waitMs(now, count)).toBe(0);
          expect(bucket.tryTake(now, count)).toBe(true);
        }
      }),
    );
  });

  it('starts full, and holds no more than burst however long the silence', () => {
    const bucket = new TokenBucket({ ratePerSecond: 10, burst: 3 });
    const take = (now: number): boolean[] => Array.from({ length: 4 }, () => bucket.tryTake(now));

    expect(take(0)).toEqual([true, true, true, false]);
    expect(take(1e9)).toEqual([true, true, true, false]);
  });

  it('gives one token each 100 ms at 10 a second, with none lost to rounding', () => {
    const bucket = new TokenBucket({ ratePerSecond: 10, burst: 1 });
    let taken = 0;
    for (let now = 0; now < 100_000; now += 0.1) if (bucket.tryTake(now)) taken += 1;

    expect(taken).toBeGreaterThanOrEqual(999);
    expect(taken).toBeLessThanOrEqual(1_000);
  });

  it('gives each token when it is due, however the sums are rounded', () => {
    const bucket = new TokenBucket({ ratePerSecond: 10_000, burst: 1 });
    const taken = Array.from({ length: 1_000 }, (_, i) => bucket.tryTake(i * 0.1));

    expect(taken.filter((each) => !each)).toEqual([]);
  });

  it('never lets go at once what is more than burst, and says when it is due', () => {
    const bucket = new TokenBucket({ ratePerSecond: 10, burst: 2 });

    expect([bucket.tryTake(0, 3), bucket.waitMs(0, 3)]).toEqual([false, 100]);
  });

  it('lets tokens be reserved ahead, for which later ones wait', () => {
    const bucket = new TokenBucket({ ratePerSecond: 10, burst: 1 });
    const waits = Array.from({ length: 3 }, () => {
      const waitMs = bucket.waitMs(0);
      bucket.reserve(0);
      return waitMs;
    });

    expect(waits).toEqual([0, 100, 200]);
    expect([bucket.tryTake(299), bucket.tryTake(300)]).toEqual([false, true]);
  });

  it('keeps its tokens when the rate changes, as far as they fit', () => {
    const bucket = new TokenBucket({ ratePerSecond: 10, burst: 4 });
    bucket.tryTake(0, 3);
    bucket.setRate(0, 1);
    expect([bucket.ratePerSecond, bucket.burst]).toEqual([1, 4]);
    expect([bucket.tryTake(0), bucket.waitMs(0)]).toEqual([true, 1_000]);

    bucket.setRate(5_000, 10, 2);
    expect([bucket.tryTake(5_000, 2), bucket.waitMs(5_000)]).toEqual([true, 100]);
  });

  it('holds as many tokens after burst has grown as before', () => {
    const bucket = new TokenBucket({ ratePerSecond: 10, burst: 1 });
    bucket.setRate(0, 10, 5);

    expect([bucket.tryTake(0), bucket.tryTake(0), bucket.waitMs(0)]).toEqual([true, false, 100]);
  });

  it('holds one token at least, however low the rate', () => {
    expect(new TokenBucket({ ratePerSecond: 0.01 }).tryTake(0)).toBe(true);
  });

  it.each([
    [{ ratePerSecond: 0 }, 'ratePerSecond must be a finite number above 0, got 0'],
    [{ ratePerSecond: Infinity }, 'ratePerSecond must be a finite number above 0, got Infinity'],
    [{ ratePerSecond: '5' as never }, 'ratePerSecond must be a finite number above 0, got "5"'],
    [{ ratePerSecond: 1, burst: 0.5 }, 'burst must be a finite number of at least 1, got 0.5'],
    [{ ratePerSecond: 1, burst: Infinity }, 'burst must be a finite number of at least 1, got Infinity'],
    [{ ratePerSecond: 1, burst: '2' as never }, 'burst must be a finite number of at least 1, got "2"'],
  ])('refuses %j', (options, message) => {
    expect(() => new TokenBucket(options)).toThrow(message);
  });
});
