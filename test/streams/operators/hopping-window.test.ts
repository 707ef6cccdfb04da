import fc from 'fast-check';
import { from, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  collect,
  count,
  hoppingWindow,
  type HoppingWindowOptions,
  max,
  sum,
  Watermark,
  type WindowResult,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import { disordered, naiveHopping, type Reading, readings, sorted } from '../../support/naive-windows.ts';
import { itIsAnOperator } from '../../support/operator-contract.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

interface Values {
  readonly values: readonly number[];
}
type Options = HoppingWindowOptions<number, Values, undefined>;

/** Windows that count for themselves share no slices; none counts as far as this. */
const unshared = { early: { everyCount: 1_000_000 } };

const tenByFive: Options = {
  sizeMs: 10,
  hopMs: 5,
  time: (value) => value,
  aggregate: { values: collect() },
};

function play(items: readonly (number | Watermark)[], options: Partial<Options> = {}) {
  return emissionsOf(from(items).pipe(hoppingWindow({ ...tenByFive, ...options }), withoutWatermarks())).map(
    ({ start, timing, revision, values }) => [start, timing, revision, values],
  );
}

describe('hoppingWindow', () => {
  itIsAnOperator({
    operator: () => hoppingWindow({ sizeMs: 10_000, hopMs: 5_000, aggregate: { n: count() } }),
  });

  it('adds a late value to those of its windows that are open', () => {
    expect(play([12, new Watermark(10), 7])).toEqual([
      [5, 'on-time', 0, [7, 12]],
      [10, 'on-time', 0, [12]],
    ]);
  });

  it('puts a value out as late when all its windows have closed', () => {
    const late: number[] = [];
    const results = play([new Watermark(15), 9, 10], { late: { next: (value) => late.push(value) } });

    expect(late).toEqual([9]);
    expect(results).toEqual([[10, 'on-time', 0, [10]]]);
  });

  it('takes nothing more for windows that are done with, though they had values', () => {
    const late: number[] = [];
    const results = play([9, new Watermark(15), 9, 8], { late: { next: (value) => late.push(value) } });

    expect(late).toEqual([9, 8]);
    expect(results).toEqual([
      [0, 'on-time', 0, [9]],
      [5, 'on-time', 0, [9]],
    ]);
  });

  it('gives new results of the windows that a late value is allowed in', () => {
    expect(play([6, new Watermark(16), 7, new Watermark(20), 8], { allowedLatenessMs: 4 })).toEqual([
      [0, 'on-time', 0, [6]],
      [5, 'on-time', 0, [6]],
      [5, 'late', 1, [6, 7]],
    ]);
  });

  it('opens a window for a late value that is allowed', () => {
    expect(play([new Watermark(12), 1, 2], { allowedLatenessMs: 5 })).toEqual([
      [0, 'late', 0, [1]],
      [0, 'late', 1, [1, 2]],
    ]);
  });

  it('gives early results by count, each window by its own', () => {
    expect(play([6, 7], { early: { everyCount: 2 } })).toEqual([
      [0, 'early', 0, [6, 7]],
      [5, 'early', 0, [6, 7]],
      [0, 'on-time', 1, [6, 7]],
      [5, 'on-time', 1, [6, 7]],
    ]);
  });

  it('leaves no trace of one window in another that shares its slices', () => {
    const source = from([1, 6, 11, 16, 21]).pipe(
      hoppingWindow({
        sizeMs: 20,
        hopMs: 5,
        time: (value) => value,
        aggregate: { n: count(), greatest: max((value: number) => value), all: collect() },
      }),
      withoutWatermarks(),
    );

    expect(emissionsOf(source).map(({ start, n, greatest, all }) => [start, n, greatest, all])).toEqual([
      [-15, 1, 1, [1]],
      [-10, 2, 6, [1, 6]],
      [-5, 3, 11, [1, 6, 11]],
      [0, 4, 16, [1, 6, 11, 16]],
      [5, 4, 21, [6, 11, 16, 21]],
      [10, 3, 21, [11, 16, 21]],
      [15, 2, 21, [16, 21]],
      [20, 1, 21, [21]],
    ]);
  });

  it('puts the oldest slice out by the side when too many are held', () => {
    const evicted: WindowResult<undefined, Values>[] = [];
    const results = play([1, 6, 12], {
      maxOpenWindows: 2,
      evicted: { next: (result) => evicted.push(result) },
    });

    expect(evicted).toMatchObject([{ start: 0, end: 5, values: [1] }]);
    expect(results).toEqual([
      [0, 'on-time', 0, [6]],
      [5, 'on-time', 0, [6, 12]],
      [10, 'on-time', 0, [12]],
    ]);
    expect(() => play([1, 6, 12], { maxOpenWindows: 2 })).toThrow('hoppingWindow has maxOpenWindows = 2');
  });

  it('frees what it holds as windows are done with', () => {
    const source = new Subject<number | Watermark>();
    let results = 0;
    let failure: unknown;
    source
      .pipe(hoppingWindow({ ...tenByFive, maxOpenWindows: 4, allowedLatenessMs: 1 }), withoutWatermarks())
      .subscribe({ next: () => (results += 1), error: (error: unknown) => (failure = error) });
    for (let time = 0; time < 1_000; time += 5) {
      source.next(time);
      source.next(new Watermark(time));
    }

    expect(failure).toBeUndefined();
    expect(results).toBe(199);
  });

  it.each([7, 2, 102])('starts windows at the offset, also one beyond a hop: %d', (offsetMs) => {
    for (const more of [{}, unshared]) {
      expect(play([13], { offsetMs, ...more })).toEqual([
        [7, 'on-time', 0, [13]],
        [12, 'on-time', 0, [13]],
      ]);
    }
  });

  it.each([
    [{ offsetMs: -1 }, 'offsetMs must be a whole number of at least 0, got -1'],
    [{ sizeMs: 1_000_000, hopMs: 3 }, 'a value would be in 333334 windows'],
    [{ hopMs: 0 }, 'hopMs must be a whole number of at least 1, got 0'],
    [{ hopMs: 11 }, 'hopMs must be at most sizeMs, 10, got 11'],
    [{ sizeMs: 31_536_000_000, hopMs: 1 }, 'a value would be in 31536000000 windows'],
  ])('refuses %o', (options, message) => {
    expect(() => hoppingWindow({ ...tenByFive, ...options })).toThrow(message);
  });

  // I15 and law 7; sharing slices and not sharing them must come to the same.
  it.each(['shared slices', 'windows of their own'])(
    'puts each value into all windows of its time, in any order within the bound: %s',
    (kind) => {
      const sizes = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 29 }));
      fc.assert(
        fc.property(
          readings,
          fc.array(fc.nat(20), { maxLength: 10 }),
          sizes,
          (all, delays, [hopMs, more]) => {
            const sizeMs = hopMs + more;
            const results = emissionsOf(
              from(disordered(all, 20, delays)).pipe(
                withWatermarks({ boundMs: 20 }),
                hoppingWindow({
                  sizeMs,
                  hopMs,
                  key: (reading) => reading.key,
                  aggregate: { n: count(), total: sum((reading) => reading.amount) },
                  ...(kind !== 'shared slices' && unshared),
                }),
                withoutWatermarks(),
              ),
            );

            const windows = results.map(({ key, start, end, n, total }) => ({ key, start, end, n, total }));
            expect(sorted(windows)).toEqual(naiveHopping(all, sizeMs, hopMs));
            expect(results.map(({ end }) => end)).toEqual(
              results.map(({ end }) => end).toSorted((a, b) => a - b),
            );
          },
        ),
      );
    },
  );

  it('tells the same with shared slices as without, also when values come late', () => {
    const options = { key: (reading: Reading) => reading.key, allowedLatenessMs: 7 };
    fc.assert(
      fc.property(readings, fc.integer({ min: 1, max: 9 }), (all, hopMs) => {
        const run = (early: object): unknown[] =>
          emissionsOf(
            from(all).pipe(
              withWatermarks({ boundMs: 5 }),
              hoppingWindow({ sizeMs: 10, hopMs, ...options, ...early, aggregate: { n: count() } }),
              withoutWatermarks(),
            ),
          ).map(({ id, n, timing, final }) => [id, n, timing, final]);

        expect(run({}).toSorted(byText)).toEqual(run(unshared).toSorted(byText));
      }),
    );
  });
});

function byText(a: unknown, b: unknown): number {
  return String(a) < String(b) ? -1 : 1;
}
