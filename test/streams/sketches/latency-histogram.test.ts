import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatencyHistogram } from '../../../streams/sketches/latency-histogram.ts';

/** From a microsecond to 19 hours, evenly over the orders of magnitude: doubles of fast-check are mostly tiny. */
const duration = fc.integer({ min: 0, max: 1_000_000 }).map((i) => (2 ** 36) ** (i / 1_000_001) / 1000);
const durations = fc.array(duration, { minLength: 1, maxLength: 300, size: 'max' });
const share = fc.integer({ min: 0, max: 1_000 }).map((i) => i / 1_000);

function recorded(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

function nearestRank(values: readonly number[], q: number): number {
  return values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(q * values.length) - 1)] ?? 0;
}

function shown(histogram: LatencyHistogram): number[] {
  const quantiles = [0, 0.01, 0.25, 0.5, 0.9, 0.99, 1].map((q) => histogram.quantile(q));
  return [histogram.count, histogram.min, histogram.max, ...quantiles];
}

describe('LatencyHistogram', () => {
  it('is within 1/128 of what sorting gives, for every quantile', () => {
    fc.assert(
      fc.property(durations, share, (values, q) => {
        const exact = nearestRank(values, q);
        expect(Math.abs(recorded(values).quantile(q) - exact)).toBeLessThanOrEqual(exact / 128 + 1e-12);
      }),
      { numRuns: 500 },
    );
  });

  it('knows count, mean, minimum and maximum exactly', () => {
    fc.assert(
      fc.property(durations, (values) => {
        const histogram = recorded(values);
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        expect([histogram.count, histogram.min, histogram.max, histogram.mean]).toEqual([
          values.length,
          Math.min(...values),
          Math.max(...values),
          mean,
        ]);
        expect([histogram.quantile(0), histogram.quantile(1)]).toEqual([
          Math.min(...values),
          Math.max(...values),
        ]);
      }),
    );
  });

  it('is the same after a merge as if it had recorded all', () => {
    fc.assert(
      fc.property(durations, durations, (some, others) => {
        const merged = recorded(some);
        merged.merge(recorded(others));
        const all = recorded([...some, ...others]);

        expect(shown(merged)).toEqual(shown(all));
        expect(merged.mean).toBeCloseTo(all.mean, 6);
      }),
    );
  });

  it('is as new after a reset', () => {
    const histogram = recorded([1, 50, 3_000]);
    histogram.reset();
    expect([...shown(histogram), histogram.mean]).toEqual([...shown(new LatencyHistogram()), 0]);

    for (const ms of [700, 800, 900, 1_000]) histogram.record(ms);
    expect(shown(histogram)).toEqual(shown(recorded([700, 800, 900, 1_000])));
  });

  it('shows zeros while it is empty', () => {
    expect([...shown(new LatencyHistogram()), new LatencyHistogram().mean]).toEqual(Array(11).fill(0));
  });

  it('never goes above the maximum or below the minimum', () => {
    // At the lower and at the upper end of the bucket from 1.000 to 1.008 ms.
    for (const ms of [1.0001, 1.0079]) expect(recorded([ms, ms, ms]).quantile(0.5)).toBe(ms);
  });

  it('counts what is shorter than a microsecond as one at most, and what is no duration as 0', () => {
    const histogram = recorded([0, -5, Number.NaN, 0.0001, 0.0002]);

    expect([histogram.count, histogram.min, histogram.max]).toEqual([5, 0, 0.0002]);
    expect(histogram.quantile(0.5)).toBeLessThanOrEqual(0.0002);
    expect(recorded([0, 0.0005, 0.0005, 5]).quantile(0.5)).toBeLessThanOrEqual(0.00102);
  });

  it('counts what is longer than 19 hours as that at least', () => {
    const histogram = recorded([1, 1e12, 2e12, 3e12]);

    expect(histogram.quantile(0.5)).toBeGreaterThan(2 ** 36 / 1000 - 2 ** 36 / 1000 / 64);
    expect(histogram.max).toBe(3e12);
  });

  it.each([-0.1, 1.1, Number.NaN])('refuses a quantile of %d', (q) => {
    expect(() => new LatencyHistogram().quantile(q)).toThrow(RangeError);
  });
});
