import fc from 'fast-check';
import { from, Subject, take } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  collect,
  count,
  distinct,
  type FailedValue,
  first,
  largest,
  max,
  mean,
  quantile,
  rate,
  slidingWindow,
  type SlidingWindowOptions,
  sum,
  topK,
  Watermark,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import { disordered, type Reading, readings } from '../../support/naive-windows.ts';
import { itIsAnOperator } from '../../support/operator-contract.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

interface Values {
  readonly values: readonly number[];
}
type Options = SlidingWindowOptions<number, Values, undefined>;

const ofTen: Options = { sizeMs: 10, time: (value) => value, aggregate: { values: collect() } };

describe('slidingWindow', () => {
  itIsAnOperator({ operator: () => slidingWindow({ sizeMs: 1_000, aggregate: { n: count() } }) });

  it('covers what is less than its size old, the value itself included', () => {
    const results = emissionsOf(from([0, 5, 10, 10, 20]).pipe(slidingWindow(ofTen), withoutWatermarks()));

    expect(results).toEqual([
      { key: undefined, value: 0, time: 0, late: 0, id: 'slidingWindow/0/#0', values: [0] },
      { key: undefined, value: 5, time: 5, late: 0, id: 'slidingWindow/5/#0', values: [0, 5] },
      { key: undefined, value: 10, time: 10, late: 0, id: 'slidingWindow/10/#0', values: [5, 10] },
      { key: undefined, value: 10, time: 10, late: 0, id: 'slidingWindow/10/#1', values: [5, 10, 10] },
      { key: undefined, value: 20, time: 20, late: 0, id: 'slidingWindow/20/#0', values: [20] },
    ]);
  });

  it('waits for the watermark, and no longer', () => {
    const source = new Subject<number | Watermark>();
    const seen: number[] = [];
    source.pipe(slidingWindow(ofTen), withoutWatermarks()).subscribe(({ value }) => seen.push(value));
    source.next(5);
    source.next(3);
    expect(seen).toEqual([]);
    source.next(new Watermark(5));
    expect(seen).toEqual([3, 5]);
    source.next(5);

    expect(seen).toEqual([3, 5, 5]);
  });

  it('puts a value behind the watermark out as late, or counts it on the next result', () => {
    const late: number[] = [];
    const items = [new Watermark(5), 4, 5];
    const withSink = from(items).pipe(
      slidingWindow({ ...ofTen, late: { next: (value) => late.push(value) } }),
      withoutWatermarks(),
    );
    expect(emissionsOf(withSink)).toMatchObject([{ value: 5, late: 0 }]);
    expect(late).toEqual([4]);
    expect(emissionsOf(from(items).pipe(slidingWindow(ofTen), withoutWatermarks()))).toMatchObject([
      { value: 5, late: 1 },
    ]);
  });

  it('counts late values once, on the next result', () => {
    const items = [new Watermark(5), 4, 3, 5, 6, 2, 7, new Watermark(9), 1, 10];
    const results = emissionsOf(from(items).pipe(slidingWindow(ofTen), withoutWatermarks()));

    expect(results.map(({ value, late }) => [value, late])).toEqual([
      [5, 2],
      [6, 1],
      [7, 0],
      [10, 1],
    ]);
  });

  it('shows its figures what the length of the window is, and counts the values of each key apart', () => {
    const results = emissionsOf(
      from([0, 101, 5, 110]).pipe(
        slidingWindow({
          sizeMs: 10,
          time: (value: number) => value % 100,
          key: (value) => value >= 100,
          aggregate: { n: count(), perSecond: rate() },
        }),
        withoutWatermarks(),
      ),
    );

    expect(results.map(({ key, value, n, perSecond }) => [key, value, n, perSecond])).toEqual([
      [false, 0, 1, 100],
      [true, 101, 1, 100],
      [false, 5, 2, 200],
      [true, 110, 2, 200],
    ]);
  });

  it('ends its results with its reader, also amid what one watermark brings', () => {
    const seen: number[] = [];
    from([1, 2, 3, new Watermark(9)])
      .pipe(slidingWindow(ofTen), withoutWatermarks(), take(2))
      .subscribe(({ value }) => seen.push(value));

    expect(seen).toEqual([1, 2]);
  });

  it('forgets keys that are idle', () => {
    const source = new Subject<Reading | Watermark>();
    let failure: unknown;
    source
      .pipe(slidingWindow({ sizeMs: 10, maxBuffered: 11, key: ({ key }) => key, aggregate: { n: count() } }))
      .subscribe({ error: (error: unknown) => (failure = error) });
    for (let at = 0; at < 1_000; at += 1) {
      source.next({ time: at, key: `key-${at}`, amount: 1 });
      source.next(new Watermark(at));
    }

    expect(failure).toBeUndefined();
  });

  it('puts out the value that would go first when it holds too many', () => {
    const evicted: number[] = [];
    const bounded = slidingWindow<number, Values>({
      ...ofTen,
      sizeMs: 1_000,
      maxBuffered: 2,
      evicted: { next: (value) => evicted.push(value) },
    });
    const items = [1, new Watermark(1), 2, new Watermark(2), 3, new Watermark(3)];
    const results = emissionsOf(from(items).pipe(bounded, withoutWatermarks()));

    expect(results.map(({ values }) => values)).toEqual([[1], [1, 2], [2, 3]]);
    expect(evicted).toEqual([1]);
    expect(emissionsOf(from([7, 6, 5]).pipe(bounded, withoutWatermarks())).map(({ value }) => value)).toEqual(
      [6, 7],
    );
    expect(() => emissionsOf(from([1, 2, 3]).pipe(slidingWindow({ ...ofTen, maxBuffered: 2 })))).toThrow(
      'slidingWindow holds more than maxBuffered = 2 values',
    );
  });

  it('puts a value that cannot be read out by the side', () => {
    const failed: FailedValue<number>[] = [];
    const results = emissionsOf(
      from([1, NaN, 2]).pipe(
        slidingWindow({ ...ofTen, errors: { next: (value) => failed.push(value) } }),
        withoutWatermarks(),
      ),
    );

    expect([results.length, failed.length]).toEqual([2, 1]);
    expect(() => emissionsOf(from([NaN]).pipe(slidingWindow(ofTen)))).toThrow('got NaN');
  });

  it.each([
    [{ sizeMs: 0 }, 'sizeMs must be a whole number of at least 1, got 0'],
    [{ maxBuffered: NaN }, 'maxBuffered must be'],
    [{ resumeFrom: { next() {} } }, 'resumeFrom needs a position'],
    [{ aggregate: { value: count() } as never }, 'must not be called "value"'],
  ])('refuses %o', (options, message) => {
    expect(() => slidingWindow<number, Values>({ ...ofTen, ...options })).toThrow(message);
  });

  it('equals counting anew at each value, in whatever order they come within the bound', () => {
    fc.assert(
      fc.property(
        readings,
        fc.array(fc.nat(30), { maxLength: 10 }),
        fc.integer({ min: 1, max: 60 }),
        (all, delays, sizeMs) => {
          const arrived = disordered(all, 30, delays);
          const results = emissionsOf(
            from(arrived).pipe(
              withWatermarks({ boundMs: 30 }),
              slidingWindow({
                sizeMs,
                key: (reading) => reading.key,
                aggregate: {
                  n: count((reading) => reading.amount > 0),
                  total: sum((reading) => reading.amount),
                  average: mean((reading) => reading.amount),
                  most: max((reading) => reading.amount),
                  different: distinct((reading) => reading.amount % 3),
                  top: topK(1, (reading) => reading.amount % 3),
                  least: quantile(0, (reading) => reading.amount),
                  all: collect({ select: (reading) => reading.amount, max: 3 }),
                  earliest: first((reading) => reading.amount),
                  best: largest(2, (reading) => reading.amount),
                },
              }),
              withoutWatermarks(),
            ),
          );

          const ordered = arrived.toSorted((a, b) => a.time - b.time);
          expect(results.map(({ value }) => value)).toEqual(ordered);
          for (const [at, result] of results.entries()) {
            const inside = ordered
              .slice(0, at + 1)
              .filter(({ key, time }) => key === result.key && result.time - time < sizeMs)
              .map(({ amount }) => amount);
            const total = inside.reduce((sum, amount) => sum + amount, 0);
            const least = Math.min(...inside);
            expect(result).toMatchObject({
              n: inside.filter((amount) => amount > 0).length,
              total,
              average: total / inside.length,
              most: Math.max(...inside),
              different: new Set(inside.map((amount) => amount % 3)).size,
              all: inside.slice(0, 3),
              earliest: inside[0],
              best: inside
                .toSorted((a, b) => b - a)
                .slice(0, 2)
                .map((amount) => ({ amount })),
            });
            expect(result.top[0]?.count).toBe(
              Math.max(
                ...[-2, -1, 0, 1, 2].map((rest) => inside.filter((amount) => amount % 3 === rest).length),
              ),
            );
            expect(Math.abs(result.least - least)).toBeLessThanOrEqual(0.01 * Math.abs(least) + 1e-9);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
