import fc from 'fast-check';
import { from, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  collect,
  count,
  hoppingWindow,
  type HoppingWindowOptions,
  sum,
  Watermark,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import { type Reading, readings } from '../../support/naive-windows.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

interface Values {
  readonly values: readonly number[];
}
type Options = HoppingWindowOptions<number, Values, undefined>;

/** Windows that count for themselves share no slices; none counts as far as this. */
const unshared = { everyCount: 1_000_000 };

const tenByFive: Options = {
  sizeMs: 10,
  hopMs: 5,
  time: (value) => value,
  aggregate: { values: collect() },
};

function play(items: readonly (number | Watermark)[], options: Partial<Options>) {
  return emissionsOf(from(items).pipe(hoppingWindow({ ...tenByFive, ...options }), withoutWatermarks())).map(
    ({ start, timing, revision, values }) => [start, timing, revision, values],
  );
}

/** So close together that windows hold several of a key, and many come late. */
const crowded = readings.map((all) => all.map((reading) => ({ ...reading, time: reading.time % 30 })));

describe('hoppingWindow, before and after its windows close', () => {
  it('calls no early result final, though a reader of the one before has closed all windows', () => {
    const source = new Subject<number | Watermark>();
    const told: [string, boolean][] = [];
    source
      .pipe(hoppingWindow({ ...tenByFive, early: { everyMs: 7 } }), withoutWatermarks())
      .subscribe(({ timing, final }) => {
        told.push([timing, final]);
        if (told.length === 1) source.next(new Watermark(100));
      });
    source.next(6);
    source.next(new Watermark(7));

    expect(told).toEqual([
      ['early', false],
      ['early', false],
      ['on-time', true],
      ['on-time', true],
    ]);
  });

  it('gives early results at moments of event time, and says when discarding only what is new', () => {
    const items = [1, 6, new Watermark(7), 8, new Watermark(10), 11, new Watermark(14)];
    const early = { everyMs: 7 };

    expect(play(items, { early })).toEqual([
      [-5, 'on-time', 0, [1]],
      [0, 'early', 0, [1, 6]],
      [5, 'early', 0, [6]],
      [0, 'on-time', 1, [1, 6, 8]],
      [5, 'early', 1, [6, 8, 11]],
      [10, 'early', 0, [11]],
      [5, 'on-time', 2, [6, 8, 11]],
      [10, 'on-time', 1, [11]],
    ]);
    expect(play(items, { early, accumulation: 'discarding' })).toEqual([
      [-5, 'on-time', 0, [1]],
      [0, 'early', 0, [1, 6]],
      [5, 'early', 0, [6]],
      [0, 'on-time', 1, [8]],
      [5, 'early', 1, [8, 11]],
      [10, 'early', 0, [11]],
      [5, 'on-time', 2, []],
      [10, 'on-time', 1, []],
    ]);
  });

  it('tells the same early and late results with shared slices as without', () => {
    const triggers = fc.record({
      everyMs: fc.integer({ min: 1, max: 40 }),
      accumulation: fc.constantFrom('accumulating' as const, 'discarding' as const),
      allowedLatenessMs: fc.constantFrom(0, 7),
      hopMs: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(crowded, triggers, (all, { everyMs, ...options }) => {
        const run = (early: object): unknown[] =>
          emissionsOf(
            from(all).pipe(
              withWatermarks({ boundMs: 5 }),
              hoppingWindow({
                sizeMs: 10,
                key: ({ key }) => key,
                aggregate: { n: count(), all: collect({ select: ({ amount }) => amount }) },
                early: { everyMs, ...early },
                ...options,
              }),
            ),
          ).map((item) =>
            item instanceof Watermark ? [item.time] : [item.id, item.timing, item.final, item.n, item.all],
          );

        const [sharing, own] = [run({}), run(unshared)];
        expect(sharing.toSorted(byText)).toEqual(own.toSorted(byText));
        // Also how they lie between the watermarks.
        expect(sharing.map((row) => (row as unknown[]).length)).toEqual(
          own.map((row) => (row as unknown[]).length),
        );
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['shared slices', {}, 2],
    ['windows of their own', unshared, 4],
  ])('begins anew with a key that was put out: %s', (_kind, more, maxOpenWindows) => {
    const source = new Subject<Reading | Watermark>();
    const told: unknown[] = [];
    source
      .pipe(
        hoppingWindow({
          sizeMs: 10,
          hopMs: 5,
          key: ({ key }) => key,
          aggregate: { n: count<Reading>() },
          early: { everyMs: 7, ...more },
          maxOpenWindows,
          evicted: { next: () => {} },
        }),
        withoutWatermarks(),
      )
      .subscribe(({ key, start, timing, revision, n }) => told.push([key, start, timing, revision, n]));
    const put = (time: number, key: string): void => source.next({ time, key, amount: 1 });
    put(6, 'a');
    source.next(new Watermark(7));
    for (const key of ['b', 'c', 'a']) put(8, key);
    source.next(new Watermark(10));

    expect(told.filter((row) => (row as unknown[])[0] === 'a').at(-1)).toEqual(['a', 0, 'on-time', 0, 1]);
  });

  it('gives early results that bring a watermark before those on time', () => {
    const source = new Subject<number | Watermark>();
    const told: unknown[] = [];
    source
      .pipe(
        hoppingWindow({ ...tenByFive, early: { everyMs: 7 }, accumulation: 'discarding' }),
        withoutWatermarks(),
      )
      .subscribe(({ start, timing, revision, values }) => {
        told.push([start, timing, revision, values]);
        if (told.length === 1) source.next(new Watermark(20));
      });
    source.next(6);
    source.next(new Watermark(7));

    expect(told).toEqual([
      [0, 'early', 0, [6]],
      [5, 'early', 0, [6]],
      [0, 'on-time', 1, []],
      [5, 'on-time', 1, []],
    ]);
  });

  it('tells what it held when what its results bring back puts slices out', () => {
    const source = new Subject<Reading | Watermark>();
    const told: unknown[] = [];
    source
      .pipe(
        hoppingWindow({
          sizeMs: 10,
          hopMs: 5,
          key: ({ key }) => key,
          aggregate: { total: sum(({ amount }: Reading) => amount) },
          maxOpenWindows: 2,
          evicted: { next() {} },
        }),
        withoutWatermarks(),
      )
      .subscribe(({ key, start, total }) => {
        told.push([key, start, total]);
        if (told.length > 1) return;
        // The figures of the slices that are put out make room for those that come last.
        for (const put of ['c', 'd', 'e', 'f']) source.next({ time: 12, key: put, amount: 100 });
      });
    source.next({ time: 1, key: 'a', amount: 1 });
    source.next({ time: 1, key: 'b', amount: 2 });
    source.next(new Watermark(5));

    expect(told.slice(0, 2)).toEqual([
      ['a', -5, 1],
      ['b', -5, 2],
    ]);
  });
});

function byText(a: unknown, b: unknown): number {
  return String(a) < String(b) ? -1 : 1;
}
