import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Aggregate,
  approximateDistinct,
  collect,
  count,
  customAggregate,
  distinct,
  first,
  largest,
  last,
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

interface Sample {
  readonly time: number;
  readonly x: number;
}

const x = (sample: Sample): number => sample.x;
const samples = fc.array(fc.record({ time: fc.nat(50), x: fc.integer({ min: -100, max: 100 }) }), {
  maxLength: 30,
  size: 'max',
});

/** Of samples in order of time, those of one time in order of coming. */
const byTime = (all: readonly Sample[]): readonly Sample[] => all.toSorted((a, b) => a.time - b.time);
const total = (all: readonly Sample[]): number => all.reduce((sum, { x }) => sum + x, 0);
const average = (all: readonly Sample[]): number => total(all) / all.length;

/** Each aggregate beside the figure that it must equal, found by looking at all. */
const cases: readonly (readonly [string, Aggregate<Sample, unknown>, (all: readonly Sample[]) => unknown])[] =
  [
    ['count', count(), (all) => all.length],
    ['count where', count((sample) => sample.x > 0), (all) => all.filter((sample) => sample.x > 0).length],
    ['sum', sum(x), total],
    ['mean', mean(x), average],
    ['min', min(x), (all) => Math.min(...all.map(x))],
    ['max', max(x), (all) => Math.max(...all.map(x))],
    [
      'variance',
      variance(x),
      (all) => all.reduce((sum, { x }) => sum + (x - average(all)) ** 2, 0) / all.length,
    ],
    [
      'variance of a sample',
      variance(x, { sample: true }),
      (all) =>
        all.length < 2
          ? NaN
          : all.reduce((sum, { x }) => sum + (x - average(all)) ** 2, 0) / (all.length - 1),
    ],
    ['rate', rate(), (all) => all.length * 10],
    [
      'rate where',
      rate({ perMs: 100, where: (sample) => sample.x > 0 }),
      (all) => all.filter(({ x }) => x > 0).length,
    ],
    ['distinct', distinct(x), (all) => new Set(all.map(x)).size],
    [
      'approximateDistinct',
      // An estimate: of so few, with so many registers, hardly ever wrong. Only 7 values, so that it never is.
      approximateDistinct((sample) => sample.x % 4, { precision: 18 }),
      (all) => new Set(all.map((sample) => sample.x % 4)).size,
    ],
    ['first', first(x), (all) => byTime(all)[0]?.x],
    ['last', last(x), (all) => byTime(all).at(-1)?.x],
    ['collect', collect({ select: x, max: 5 }), (all) => byTime(all).slice(0, 5).map(x)],
    [
      'largest',
      largest(3, x),
      (all) =>
        byTime(all)
          .toSorted((a, b) => b.x - a.x)
          .slice(0, 3),
    ],
    [
      'topK',
      topK(2, x),
      (all) =>
        [...new Set(all.map(x))]
          .map((value) => ({ value, count: all.filter((sample) => sample.x === value).length, error: 0 }))
          .toSorted((a, b) => b.count - a.count || a.value - b.value)
          .slice(0, 2),
    ],
    [
      'custom',
      customAggregate({
        create: () => ({ odd: 0 }),
        add(state: { odd: number }, sample: Sample) {
          state.odd += Math.abs(sample.x % 2);
        },
        merge(into, from) {
          into.odd += from.odd;
        },
        result: ({ odd }) => odd,
      }),
      (all) => all.filter((sample) => sample.x % 2 !== 0).length,
    ],
  ];

function stateOf(aggregate: Aggregate<Sample, unknown>, all: readonly Sample[]): unknown {
  const state = aggregate.create();
  for (const sample of all) aggregate.add(state, aggregate.read(sample), sample.time);
  return state;
}

/** Equal but for rounding. */
function alike(actual: unknown, expected: unknown): void {
  if (typeof actual !== 'number' || typeof expected !== 'number' || Number.isNaN(expected)) {
    expect(actual).toEqual(expected);
  } else if (actual !== expected) {
    expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)));
  }
}

describe.each(cases)('%s', (_name, aggregate, naive) => {
  it('equals the figure found by looking at all values', () => {
    fc.assert(
      fc.property(samples, (all) => alike(aggregate.result(stateOf(aggregate, all), 100), naive(all))),
    );
  });

  it('comes to the same however values are split over states, and leaves what it merges as it is', () => {
    fc.assert(
      fc.property(samples, fc.nat(30), fc.nat(30), (all, cutA, cutB) => {
        const ordered = byTime(all);
        const [from, to] = [Math.min(cutA, cutB), Math.max(cutA, cutB)];
        const parts = [ordered.slice(0, from), ordered.slice(from, to), ordered.slice(to)].map((part) =>
          stateOf(aggregate, part),
        );
        const before = structuredCloneOf(aggregate, parts);

        const leftFirst = aggregate.create();
        for (const part of parts) aggregate.merge(leftFirst, part);
        const tail = aggregate.create();
        aggregate.merge(tail, parts[1]);
        aggregate.merge(tail, parts[2]);
        const rightFirst = aggregate.create();
        aggregate.merge(rightFirst, parts[0]);
        aggregate.merge(rightFirst, tail);

        alike(aggregate.result(leftFirst, 100), naive(ordered));
        alike(aggregate.result(rightFirst, 100), naive(ordered));
        expect(structuredCloneOf(aggregate, parts)).toEqual(before);
      }),
    );
  });

  it('gives the same again when it is asked again, and takes more after that', () => {
    fc.assert(
      fc.property(samples, samples, (all, more) => {
        const state = stateOf(aggregate, all);
        const once = aggregate.result(state, 100);
        expect(aggregate.result(state, 100)).toEqual(once);
        for (const sample of more) aggregate.add(state, aggregate.read(sample), sample.time);
        alike(aggregate.result(state, 100), naive([...all, ...more]));
      }),
    );
  });

  it('forgets the oldest exactly, if it can', () => {
    const { retractable } = aggregate;
    if (retractable === undefined) return;
    fc.assert(
      fc.property(samples, fc.nat(30), (all, gone) => {
        const ordered = byTime(all);
        const state = retractable.create();
        for (const sample of ordered) retractable.add(state, aggregate.read(sample), sample.time);
        for (const sample of ordered.slice(0, gone)) {
          retractable.remove(state, aggregate.read(sample), sample.time);
        }

        alike(retractable.result(state, 100), naive(ordered.slice(gone)));
      }),
    );
  });
});

/** What states tell, to see whether they have changed. */
function structuredCloneOf(aggregate: Aggregate<Sample, unknown>, states: readonly unknown[]): unknown[] {
  return states.map((state) => structuredClone(aggregate.result(state, 100)));
}

describe('quantile', () => {
  const magnitude = fc.double({ noNaN: true, min: 1e-4, max: 1e9 });
  const numbers = fc.array(
    fc.oneof(
      fc.constant(0),
      magnitude,
      magnitude.map((value) => -value),
    ),
    { minLength: 1, maxLength: 60, size: 'max' },
  );

  it('is within 1 % of the nearest-rank quantile, for every history, also split and merged', () => {
    fc.assert(
      fc.property(numbers, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(60), (all, q, cut) => {
        const aggregate = quantile<number>(q, (value) => value);
        const merged = aggregate.create();
        for (const part of [all.slice(0, cut), all.slice(cut)]) {
          const state = aggregate.create();
          for (const value of part) aggregate.add(state, aggregate.read(value), 0);
          aggregate.merge(merged, state);
        }
        const rank = Math.max(1, Math.ceil(q * all.length * (1 - 2 ** -50)));
        const exact = all.toSorted((a, b) => a - b)[rank - 1] ?? NaN;

        expect(Math.abs(aggregate.result(merged, 0) - exact)).toBeLessThanOrEqual(
          0.01 * Math.abs(exact) * (1 + 1e-9),
        );
      }),
    );
  });

  it('gives several quantiles of one sketch', () => {
    const aggregate = quantiles([0.5, 1], (value: number) => value, { relativeError: 0.001 });
    const state = aggregate.create();
    for (let value = 1; value <= 100; value += 1) aggregate.add(state, value, 0);
    const [p50, p100] = aggregate.result(state, 0);

    expect(p50 / 50).toBeCloseTo(1, 2);
    expect(p100 / 100).toBeCloseTo(1, 2);
    expect(quantile(0.5, x).result(quantile(0.5, x).create(), 0)).toBeNaN();
  });
});
