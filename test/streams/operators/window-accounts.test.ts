import fc from 'fast-check';
import { from, type OperatorFunction, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  count,
  hoppingWindow,
  sessionWindow,
  tumblingWindow,
  Watermark,
  type WindowOptions,
  type WindowResult,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import { createVirtualClock } from 'breakwater/testing';
import { disordered, naiveHopping, type Reading, readings } from '../../support/naive-windows.ts';

interface Figures {
  readonly n: number;
}
type Options = WindowOptions<Reading, Figures, string>;
type Result = WindowResult<string, Figures>;

const kinds: readonly (readonly [
  string,
  (options: Options) => OperatorFunction<Reading | Watermark, Result | Watermark>,
])[] = [
  ['tumbling windows', (options) => tumblingWindow({ ...options, sizeMs: 10 })],
  ['sessions', (options) => sessionWindow({ ...options, gapMs: 8 })],
];

/** Values, watermarks, and moments at which a burst ends. */
const steps = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        time: fc.nat(60),
        key: fc.constantFrom('a', 'b', 'c'),
        amount: fc.constant(1),
      }),
    },
    { weight: 2, arbitrary: fc.nat(60).map((time) => new Watermark(time)) },
    { weight: 2, arbitrary: fc.constant('burst' as const) },
  ),
  { maxLength: 60, size: 'max' },
);

const choices = fc.record({
  everyCount: fc.integer({ min: 1, max: 4 }),
  everyMs: fc.constantFrom(7, 1_000),
  coalesce: fc.boolean(),
  allowedLatenessMs: fc.constantFrom(0, 15, Infinity),
  maxOpenWindows: fc.constantFrom(1, 3, Infinity),
});

describe.each(kinds)('of %s that tell only what is new', (_name, create) => {
  it('every value is told once: in a result, in what is put out, or as late', () => {
    fc.assert(
      fc.property(steps, choices, (all, { everyCount, everyMs, coalesce, ...options }) => {
        const clock = createVirtualClock();
        const source = new Subject<Reading | Watermark>();
        let told = 0;
        const ids = new Set<string>();
        let results = 0;
        source
          .pipe(
            create({
              ...options,
              clock,
              key: ({ key }) => key,
              aggregate: { n: count() },
              accumulation: 'discarding',
              early: { everyCount, everyMs, coalesce },
              evicted: { next: ({ n }) => (told += n) },
              late: { next: () => (told += 1) },
            }),
            withoutWatermarks(),
          )
          .subscribe(({ n, id }) => {
            told += n;
            results += 1;
            ids.add(id);
          });
        for (const step of all) {
          if (step === 'burst') clock.flushSync();
          else source.next(step);
        }
        source.complete();
        clock.flushSync();

        const values = all.filter((step) => step !== 'burst' && !(step instanceof Watermark));
        expect(told).toBe(values.length);
        if (options.maxOpenWindows === Infinity) expect(ids.size).toBe(results);
      }),
      { numRuns: 300 },
    );
  });
});

describe('of overlapping windows', () => {
  it('each tells all its values but for those in slices that were put out before', () => {
    const shapes = fc.record({
      hopMs: fc.integer({ min: 3, max: 12 }),
      more: fc.integer({ min: 1, max: 20 }),
      maxOpenWindows: fc.integer({ min: 1, max: 8 }),
      allowedLatenessMs: fc.constantFrom(0, 9),
      early: fc.constantFrom({}, { everyMs: 6 }),
    });
    const delays = fc.array(fc.nat(20), { maxLength: 10 });
    fc.assert(
      fc.property(readings, delays, shapes, (all, late, { hopMs, more, ...options }) => {
        const sizeMs = hopMs + more;
        const lost: { readonly key: string; readonly start: number; readonly end: number; n: number }[] = [];
        const lostOf = ({ key, start, end }: { key: string; start: number; end: number }): number =>
          lost
            .filter((slice) => slice.key === key && slice.start >= start && slice.end <= end)
            .reduce((sum, { n }) => sum + n, 0);
        const told = new Map<string, number>();
        let results = 0;
        from(disordered(all, 20, late))
          .pipe(
            withWatermarks({ boundMs: 20 }),
            hoppingWindow({
              ...options,
              sizeMs,
              hopMs,
              key: ({ key }) => key,
              aggregate: { n: count() },
              evicted: { next: ({ key, start, end, n }) => lost.push({ key, start, end, n }) },
            }),
            withoutWatermarks(),
          )
          .subscribe((result) => {
            if (result.timing !== 'on-time') return;
            results += 1;
            told.set(`${result.start} ${result.key}`, result.n + lostOf(result));
          });
        expect(told.size).toBe(results);

        for (const window of naiveHopping(all, sizeMs, hopMs)) {
          expect(told.get(`${window.start} ${window.key}`) ?? lostOf(window)).toBe(window.n);
        }
      }),
      { numRuns: 300 },
    );
  });
});
