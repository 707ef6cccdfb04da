import fc from 'fast-check';
import { from, of, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  collect,
  count,
  type FailedValue,
  sum,
  tumblingWindow,
  type TumblingWindowOptions,
  Watermark,
  type WindowResult,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import { createVirtualClock } from '../../../src/testing/virtual-clock.ts';
import { disordered, naiveHopping, type Reading, readings, sorted } from '../../support/naive-windows.ts';
import { itIsAnOperator, marbles } from '../../support/operator-contract.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

interface Values {
  readonly values: readonly number[];
}
type Options = TumblingWindowOptions<number, Values, undefined>;

const perTen: Options = { sizeMs: 10, time: (value) => value, aggregate: { values: collect() } };

/** Feeds a window by hand; `told` gives what it has emitted since it was last asked. */
function play(options: Partial<Options> = {}) {
  const source = new Subject<number | Watermark>();
  let results: WindowResult<undefined, Values>[] = [];
  let failure: unknown;
  const subscription = source.pipe(tumblingWindow({ ...perTen, ...options }), withoutWatermarks()).subscribe({
    next: (result) => results.push(result),
    error: (error: unknown) => (failure = error),
  });
  return {
    subscription,
    push: (...values: readonly number[]) => values.forEach((value) => source.next(value)),
    mark: (time: number) => source.next(new Watermark(time)),
    complete: () => source.complete(),
    failure: () => failure,
    told: () => {
      const told = results.map(({ start, timing, revision, final, values, late }) => {
        return { start, timing, revision, final, values, late };
      });
      results = [];
      return told;
    },
  };
}

describe('tumblingWindow', () => {
  itIsAnOperator({ operator: () => tumblingWindow({ sizeMs: 10_000, aggregate: { n: count() } }) });

  it('gives a result when the watermark reaches the end, and then passes the watermark on', () => {
    marbles(({ hot, expectObservable }) => {
      const marks = { u: new Watermark(9), w: new Watermark(10) };
      const source = hot('-a-b-u-c-w----|', { a: 0, b: 9, c: 10, ...marks });
      const expected = '  -----u---(xw)-(y|)';
      const frame = { key: undefined, timing: 'on-time', revision: 0, final: true, late: 0 };

      expectObservable(source.pipe(tumblingWindow(perTen))).toBe(expected, {
        ...marks,
        x: { ...frame, start: 0, end: 10, time: 9, values: [0, 9], id: 'tumblingWindow/0/#0' },
        y: { ...frame, start: 10, end: 20, time: 19, values: [10], id: 'tumblingWindow/10/#0' },
      });
    });
  });

  it('starts windows at the offset', () => {
    const window = play({ offsetMs: 23 });
    window.push(2, 3, 12, 13);
    window.complete();

    expect(window.told().map(({ start, values }) => [start, values])).toEqual([
      [-7, [2]],
      [3, [3, 12]],
      [13, [13]],
    ]);
  });

  it('puts a value out as late from the moment the watermark reaches the end', () => {
    const late: number[] = [];
    const window = play({ late: { next: (value) => late.push(value) } });
    window.mark(9);
    window.push(4);
    window.mark(10);
    window.push(5, 10);
    window.complete();

    expect(late).toEqual([5]);
    expect(window.told().map(({ values, late }) => [values, late])).toEqual([
      [[4], 0],
      [[10], 0],
    ]);
  });

  it('counts late values on the next result when they have no output', () => {
    const window = play();
    window.mark(30);
    window.push(1, 2, 35, 45);
    window.complete();

    expect(window.told().map(({ start, late }) => [start, late])).toEqual([
      [30, 2],
      [40, 0],
    ]);
  });

  it('takes late values while they are allowed, and then drops its state', () => {
    const late: number[] = [];
    const window = play({ allowedLatenessMs: 5, late: { next: (value) => late.push(value) } });
    window.push(1);
    window.mark(10);
    window.push(2);
    window.mark(14);
    window.push(3);
    window.mark(15);
    window.push(4);
    window.complete();

    const frame = { start: 0, final: false, late: 0 };
    expect(window.told()).toEqual([
      { ...frame, timing: 'on-time', revision: 0, values: [1] },
      { ...frame, timing: 'late', revision: 1, values: [1, 2] },
      { ...frame, timing: 'late', revision: 2, values: [1, 2, 3] },
    ]);
    expect(late).toEqual([4]);
  });

  it('opens a window for a value that is late but allowed', () => {
    const window = play({ allowedLatenessMs: 5 });
    window.mark(12);
    window.push(3);

    expect(window.told()).toMatchObject([{ timing: 'late', revision: 0, values: [3] }]);
  });

  it('gives a result for every n values, and one on time that is final', () => {
    const window = play({ early: { everyCount: 2 } });
    window.push(1, 2, 3);
    window.complete();

    expect(window.told()).toEqual([
      { start: 0, timing: 'early', revision: 0, final: false, values: [1, 2], late: 0 },
      { start: 0, timing: 'on-time', revision: 1, final: true, values: [1, 2, 3], late: 0 },
    ]);
  });

  it('tells only what is new when discarding, also when nothing is', () => {
    const window = play({ early: { everyCount: 2 }, accumulation: 'discarding', allowedLatenessMs: 5 });
    window.push(1, 2);
    window.mark(10);
    window.push(3);

    expect(window.told().map(({ timing, values }) => [timing, values])).toEqual([
      ['early', [1, 2]],
      ['on-time', []],
      ['late', [3]],
    ]);
  });

  it('gives a result at each multiple of event time that the watermark passes, if it has news', () => {
    const window = play({ sizeMs: 100, early: { everyMs: 20 } });
    window.push(5);
    window.mark(19);
    window.mark(21);
    window.mark(45);
    window.push(50);
    window.mark(61);

    expect(window.told().map(({ timing, values }) => [timing, values])).toEqual([
      ['early', [5]],
      ['early', [5, 50]],
    ]);
  });

  it('gives a result some time after news on the clock, and leaves no timer behind', () => {
    const clock = createVirtualClock();
    const window = play({ early: { everyClockMs: 100 }, clock });
    window.push(1);
    clock.advanceBySync(99);
    window.push(2);
    expect(window.told()).toEqual([]);
    clock.advanceBySync(1);
    expect(window.told()).toMatchObject([{ timing: 'early', values: [1, 2] }]);
    expect(clock.pendingTimers).toBe(0);
    window.push(3);
    window.subscription.unsubscribe();

    expect(clock.pendingTimers).toBe(0);
  });

  it('lets a burst end before it judges the count', () => {
    const clock = createVirtualClock();
    const window = play({ early: { everyCount: 2, coalesce: true }, clock });
    window.push(1, 2, 3, 11, 12);
    window.mark(10);
    clock.flushSync();

    expect(window.told().map(({ timing, values }) => [timing, values])).toEqual([
      ['on-time', [1, 2, 3]],
      ['early', [11, 12]],
    ]);
  });

  it('ends with an error when too many windows are open', () => {
    const window = play({ maxOpenWindows: 2 });
    window.push(1, 11, 21);

    expect(String(window.failure())).toMatch(/^QueueFullError: tumblingWindow has maxOpenWindows = 2 windows open/u);
  });

  it('puts the window that closes first out by the side, if it may', () => {
    const evicted: WindowResult<undefined, Values>[] = [];
    const window = play({ maxOpenWindows: 2, evicted: { next: (result) => evicted.push(result) } });
    window.push(21, 1, 2, 11, 3);
    window.complete();

    expect(evicted).toMatchObject([
      { start: 0, final: false, values: [1, 2] },
      { start: 0, values: [3] },
    ]);
    expect(window.told().map(({ start }) => start)).toEqual([10, 20]);
  });

  it('puts a value that cannot be read out by the side, and into no figure', () => {
    const failed: FailedValue<Reading>[] = [];
    const good: Reading = { time: 1, key: 'a', amount: 1 };
    const bad = [
      { ...good, time: NaN },
      { ...good, time: -1 },
      { ...good, time: 1e300 },
      { ...good, time: undefined as unknown as number },
      { ...good, amount: NaN },
    ];
    const results = emissionsOf(
      from([...bad, good]).pipe(
        tumblingWindow({
          sizeMs: 10,
          aggregate: { n: count(), total: sum((reading: Reading) => reading.amount) },
          errors: { next: (value) => failed.push(value) },
        }),
        withoutWatermarks(),
      ),
    );

    expect(results).toMatchObject([{ n: 1, total: 1 }]);
    expect(failed.map(({ value }) => value)).toEqual(bad);
    expect(failed.map(({ error }) => String(error))).toEqual([
      expect.stringContaining('got NaN'),
      expect.stringContaining('got -1'),
      expect.stringContaining('got 1e+300'),
      expect.stringContaining('got undefined; give a time selector'),
      expect.stringContaining('sum needs finite numbers, got NaN'),
    ]);
  });

  it('ends with the error of a selector that has no output for it', () => {
    const source = of({ time: NaN }).pipe(tumblingWindow({ sizeMs: 10, aggregate: { n: count() } }));

    expect(() => emissionsOf(source)).toThrow('got NaN');
  });

  it.each([
    [{ sizeMs: 0 }, 'sizeMs must be a whole number of at least 1, got 0'],
    [{ sizeMs: NaN }, 'sizeMs must be a whole number of at least 1, got NaN'],
    [{ sizeMs: -1 }, 'got -1'],
    [{ sizeMs: 1.5 }, 'got 1.5'],
    [{ offsetMs: -1 }, 'offsetMs must be a whole number of at least 0, got -1'],
    [
      { allowedLatenessMs: -1 },
      'allowedLatenessMs must be a whole number of at least 0, or Infinity, got -1',
    ],
    [{ maxOpenWindows: 0 }, 'maxOpenWindows must be'],
    [{ early: { everyCount: 0 } }, 'early.everyCount must be'],
    [{ early: { everyMs: NaN } }, 'early.everyMs must be'],
    [{ early: { everyClockMs: 5 } }, 'early.everyClockMs needs a clock'],
    [{ early: { coalesce: true } }, 'early.coalesce needs a clock'],
    [{ accumulation: 'both' as 'discarding' }, 'accumulation must be accumulating or discarding, got "both"'],
    [{ resumeFrom: { next() {} } }, 'resumeFrom needs a position'],
    [{ aggregate: { key: count() } as never }, 'an aggregate must not be called "key"'],
    [{ aggregate: { n: 3 } as never }, 'aggregate.n must be an aggregate such as count(), got 3'],
  ] as const)('refuses %o', (options, message) => {
    expect(() => tumblingWindow({ ...perTen, ...options })).toThrow(message);
  });

  // I15 and law 7: completeness, and independence of the order of arrival.
  it('puts each value into the one window of its time, in whatever order they come within the bound', () => {
    const delays = fc.array(fc.nat(30), { maxLength: 10 });
    fc.assert(
      fc.property(readings, delays, fc.integer({ min: 1, max: 40 }), (all, delays, sizeMs) => {
        const results = emissionsOf(
          from(disordered(all, 30, delays)).pipe(
            withWatermarks({ boundMs: 30 }),
            tumblingWindow({
              sizeMs,
              key: (reading) => reading.key,
              aggregate: { n: count(), total: sum((reading) => reading.amount) },
              late: { next: () => expect.unreachable('a value within the bound is late') },
            }),
            withoutWatermarks(),
          ),
        );

        const windows = results.map(({ key, start, end, n, total }) => ({ key, start, end, n, total }));
        expect(sorted(windows)).toEqual(naiveHopping(all, sizeMs, sizeMs));
        expect(results.map(({ end }) => end)).toEqual(
          results.map(({ end }) => end).toSorted((a, b) => a - b),
        );
        expect(results.every(({ final, revision }) => final && revision === 0)).toBe(true);
      }),
    );
  });

  it('accounts for every value: counted, late or failed; and closes each window once', () => {
    const lateness = fc.integer({ min: 0, max: 30 });
    fc.assert(
      fc.property(readings, fc.integer({ min: 0, max: 20 }), lateness, (all, boundMs, allowedLatenessMs) => {
        let late = 0;
        const results = emissionsOf(
          from(all).pipe(
            withWatermarks({ boundMs }),
            tumblingWindow({
              sizeMs: 10,
              key: (reading) => reading.key,
              aggregate: { n: count() },
              accumulation: 'discarding',
              early: { everyCount: 3 },
              allowedLatenessMs,
              late: { next: () => (late += 1) },
            }),
            withoutWatermarks(),
          ),
        );

        expect(results.reduce((total, { n }) => total + n, late)).toBe(all.length);
        const onTime = results.filter(({ timing }) => timing === 'on-time').map(({ id }) => id.split('#')[0]);
        expect(new Set(onTime).size).toBe(onTime.length);
        expect(new Set(results.map(({ id }) => id)).size).toBe(results.length);
      }),
    );
  });
});
