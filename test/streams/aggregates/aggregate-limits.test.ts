import { describe, expect, it } from 'vitest';
import {
  approximateDistinct,
  collect,
  distinct,
  largest,
  max,
  mean,
  min,
  quantile,
  quantiles,
  rate,
  sum,
  topK,
  variance,
} from 'breakwater/streams';

const x = ({ x }: { readonly x: number }): number => x;

describe('aggregates of numbers', () => {
  it.each([
    ['sum', sum],
    ['mean', mean],
    ['min', min],
    ['max', max],
    ['variance', variance],
    ['quantile', (select: (value: unknown) => number) => quantile(0.5, select)],
    ['largest', (select: (value: unknown) => number) => largest(1, select)],
  ] as const)('refuse what is no finite number: %s', (name, make) => {
    const aggregate = make((value: unknown) => value as number);
    for (const bad of [NaN, Infinity, '3', undefined, null, 5n]) {
      expect(() => aggregate.read(bad)).toThrow(TypeError);
      expect(() => aggregate.read(bad)).toThrow(`${name} needs finite numbers, got `);
    }
  });

  it('do not lose the small beside the large', () => {
    const figures = sum((value: number) => value);
    const state = figures.create();
    for (const value of [1e16, 1, -1e16]) figures.add(state, value, 0);
    const other = figures.create();
    for (const value of [1e16, 1, 1]) figures.add(other, value, 0);
    figures.merge(other, state);

    expect(figures.result(state, 0)).toBe(1);
    expect(figures.result(other, 0)).toBe(1e16 + 2 + 1 - 1);
  });

  it('refuse options that make no sense', () => {
    expect(() => quantile(1.1, x)).toThrow('q must be from 0 to 1, got 1.1');
    expect(() => quantiles([0.5, NaN], x)).toThrow('qs[1] must be from 0 to 1, got NaN');
    expect(() => quantile(0.5, x, { relativeError: 1 })).toThrow(
      'relativeError must be above 0 and below 1, got 1',
    );
    expect(() => quantile(0.5, x, { maxBins: 0 })).toThrow('maxBins must be');
    expect(() => rate({ perMs: 0 })).toThrow('perMs must be milliseconds above 0, got 0');
    expect(() => largest(0, x)).toThrow('k must be');
    expect(() => topK(0, x)).toThrow('k must be');
    expect(() => topK(5, x, { capacity: 4 })).toThrow(
      'capacity must be a whole number of at least k, 5, got 4',
    );
    expect(() => collect({ max: 0 })).toThrow('max must be');
    expect(() => distinct(x, { maxExact: -1 })).toThrow('maxExact must be');
    expect(() => approximateDistinct(x, { precision: 3 })).toThrow(
      'precision must be a whole number from 4 to 18',
    );
  });
});

describe('distinct', () => {
  it('becomes an estimate beyond maxExact, also when only the merged are too many', () => {
    const figures = distinct((value: number) => value, { maxExact: 100 });
    const [one, other] = [figures.create(), figures.create()];
    for (let value = 0; value < 90; value += 1) figures.add(one, value, 0);
    for (let value = 50; value < 140; value += 1) figures.add(other, value, 0);
    expect(figures.result(one, 0)).toBe(90);
    figures.merge(one, other);

    expect(one.seen.size).toBe(0);
    expect(Math.abs(figures.result(one, 0) - 140)).toBeLessThanOrEqual(5);
    const fresh = figures.create();
    figures.merge(fresh, one);
    expect(figures.result(fresh, 0)).toBe(figures.result(one, 0));
  });

  it('tells apart what a Set tells apart, and refuses objects', () => {
    const figures = distinct((value: string | number | bigint | boolean | null | undefined) => value);
    const state = figures.create();
    for (const value of [0, -0, NaN, NaN, '0', false, null, undefined, 0n, '']) {
      figures.add(state, figures.read(value), 0);
    }

    expect(figures.result(state, 0)).toBe(8);
    expect(() => figures.read({} as never)).toThrow(
      'distinct values must be text, numbers or booleans, got an object',
    );
  });
});

describe('topK', () => {
  it('finds the frequent beyond its capacity, and says how far a count may be short', () => {
    const figures = topK(2, (value: number) => value, { capacity: 50 });
    const state = figures.create();
    const times = new Map<number, number>();
    for (let at = 0; at < 10_000; at += 1) {
      const value = at % 4 === 0 ? 7 : at % 5 === 0 ? 8 : 1_000 + at;
      times.set(value, (times.get(value) ?? 0) + 1);
      figures.add(state, value, 0);
      expect(state.counts.size).toBeLessThanOrEqual(50);
    }
    const top = figures.result(state, 0);

    expect(top.map(({ value }) => value)).toEqual([7, 8]);
    for (const { value, count, error } of top) {
      expect(count).toBeLessThanOrEqual(times.get(value) ?? 0);
      expect(count + error).toBeGreaterThanOrEqual(times.get(value) ?? Infinity);
      expect(error).toBeLessThanOrEqual((2 * 10_000) / 50);
    }
  });
});
