import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HyperLogLog } from 'breakwater/streams';

describe('HyperLogLog', () => {
  it.each([0, 1, 10, 100, 1_000, 10_000, 100_000, 1_000_000])(
    'estimates %i within 4 standard errors',
    (n) => {
      for (const make of [(at: number) => at, (at: number) => `user-${at}`, (at: number) => at * 1.37e-5]) {
        const sketch = new HyperLogLog();
        for (let at = 0; at < n; at += 1) sketch.add(make(at));

        expect(Math.abs(sketch.count() - n)).toBeLessThanOrEqual(4 * 0.0082 * n);
      }
    },
  );

  it('has the standard error that its precision says', () => {
    const [n, runs, precision] = [5_000, 60, 10];
    let squares = 0;
    for (let run = 0; run < runs; run += 1) {
      const sketch = new HyperLogLog(precision);
      for (let at = 0; at < n; at += 1) sketch.add(`${run}/${at}`);
      squares += (sketch.count() / n - 1) ** 2;
    }
    const said = 1.04 / Math.sqrt(2 ** precision);

    expect(Math.sqrt(squares / runs)).toBeLessThan(1.35 * said);
    expect(Math.sqrt(squares / runs)).toBeGreaterThan(0.65 * said);
  });

  it('does not mind how often or in which order values come, nor how they are split', () => {
    const values = fc.array(fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.bigInt()), {
      maxLength: 600,
      size: 'max',
    });
    fc.assert(
      fc.property(values, fc.nat(600), (all, cut) => {
        const [whole, one, other] = [new HyperLogLog(8), new HyperLogLog(8), new HyperLogLog(8)];
        for (const value of [...all, ...all.toReversed()]) whole.add(value);
        for (const value of all.slice(0, cut)) one.add(value);
        for (const value of all.slice(cut)) other.add(value);
        one.merge(other);

        expect(one.count()).toBe(whole.count());
      }),
    );
  });

  it('tells apart values of different kinds that look alike', () => {
    const sketch = new HyperLogLog();
    for (const value of [1, '1', 1n, true, 'true', null, undefined, 'null', '', 0, -0]) sketch.add(value);

    expect(sketch.count()).toBe(10);
  });

  it('refuses a precision that makes no sense, and to merge different ones', () => {
    expect(() => new HyperLogLog(19)).toThrow('precision must be a whole number from 4 to 18, got 19');
    expect(() => new HyperLogLog(4).merge(new HyperLogLog(5))).toThrow('precision 4 and 5 cannot be merged');
  });
});
