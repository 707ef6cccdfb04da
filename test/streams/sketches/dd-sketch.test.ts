import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DDSketch } from 'breakwater/streams';

function sketchOf(values: readonly number[], options = {}): DDSketch {
  const sketch = new DDSketch(options);
  for (const value of values) sketch.add(value);
  return sketch;
}

const shares = [0, 0.01, 0.25, 0.5, 0.75, 0.95, 0.99, 1];
const figures = (sketch: DDSketch): number[] => shares.map((q) => sketch.quantile(q));
/** Numbers that differ by less than what the bins can hold. */
const magnitude = fc.double({ noNaN: true, min: 1e-4, max: 1e9 });
const numbers = fc.array(
  fc.oneof(
    fc.constant(0),
    magnitude,
    magnitude.map((value) => -value),
  ),
  { maxLength: 100, size: 'max' },
);

describe('DDSketch', () => {
  it.each([0.001, 0.01, 0.1])('stays within its relative error of %d', (relativeError) => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, min: 1e-3, max: 1e9 }), {
          minLength: 1,
          maxLength: 200,
          size: 'max',
        }),
        (all) => {
          const sketch = sketchOf(all, { relativeError, maxBins: 100_000 });
          const sorted = all.toSorted((a, b) => a - b);
          for (const q of shares) {
            const exact = sorted[Math.max(1, Math.ceil(q * all.length * (1 - 2 ** -50))) - 1] ?? NaN;
            expect(Math.abs(sketch.quantile(q) / exact - 1)).toBeLessThanOrEqual(relativeError * (1 + 1e-9));
          }
        },
      ),
    );
  });

  it('is the same merged as whole, in either order', () => {
    fc.assert(
      fc.property(numbers, numbers, (some, others) => {
        const [one, other] = [sketchOf(some), sketchOf(others)];
        one.merge(sketchOf(others));
        other.merge(sketchOf(some));

        expect(figures(one)).toEqual(figures(sketchOf([...some, ...others])));
        expect(figures(other)).toEqual(figures(one));
        expect(one.size).toBe(some.length + others.length);
      }),
    );
  });

  it('is as if what is removed had never come, also when bins had to be joined', () => {
    fc.assert(
      fc.property(numbers, numbers, fc.constantFrom(4, 64, 2_048), (kept, gone, maxBins) => {
        const sketch = sketchOf([...gone, ...kept], { maxBins });
        for (const value of gone) sketch.remove(value);
        expect(sketch.size).toBe(kept.length);
        if (maxBins === 2_048) expect(figures(sketch)).toEqual(figures(sketchOf(kept)));
        for (const value of kept) sketch.remove(value);
        expect(sketch.quantile(0.5)).toBeNaN();
        for (const value of kept) sketch.add(value);
        expect(figures(sketch)).toEqual(figures(sketchOf(kept, { maxBins })));
      }),
    );
  });

  it('joins the bins nearest to zero when there are too many, and keeps the others accurate', () => {
    const all = Array.from({ length: 2_000 }, (_, at) => 1.02 ** at);
    const sketch = sketchOf(all, { maxBins: 200 });

    expect(Math.abs(sketch.quantile(0.95) / (all[1_899] ?? NaN) - 1)).toBeLessThanOrEqual(0.01);
    expect(sketch.quantile(0)).toBeGreaterThan(1e10);
  });

  it('counts what is too small for a relative error as zero', () => {
    expect(sketchOf([5e-324, -1e-310]).quantile(1)).toBe(0);
    expect(sketchOf([1e300, 1e-300]).quantile(1) / 1e300).toBeCloseTo(1, 1);
  });

  it('orders negative numbers, zero and positive ones', () => {
    const sketch = sketchOf([-100, -1, 0, -0, 1, 100]);

    expect(figures(sketch).map((value) => Math.round(value))).toEqual([-100, -100, -1, 0, 1, 100, 100, 100]);
  });

  it('refuses options that make no sense, and to merge different errors', () => {
    expect(() => new DDSketch({ relativeError: 0 })).toThrow(
      'relativeError must be above 0 and below 1, got 0',
    );
    expect(() => new DDSketch({ maxBins: 1.5 })).toThrow(
      'maxBins must be a whole number of at least 1, got 1.5',
    );
    expect(() => new DDSketch().merge(new DDSketch({ relativeError: 0.1 }))).toThrow('cannot be merged');
  });
});
