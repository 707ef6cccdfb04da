import fc from 'fast-check';
import { from, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  count,
  type FailedValue,
  rate,
  sum,
  tumblingWindow,
  Watermark,
  type WindowResult,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import { disordered, naiveHopping, type Reading, readings, sorted } from '../../support/naive-windows.ts';
import { itIsAnOperator, marbles } from '../../support/operator-contract.ts';
import { perTen, playTumbling, type Values } from '../../support/play-tumbling.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

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
    const window = playTumbling({ offsetMs: 23 });
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
    const window = playTumbling({ late: { next: (value) => late.push(value) } });
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
    const window = playTumbling();
    window.mark(30);
    window.push(1, 2, 35, 45);
    window.complete();

    expect(window.told().map(({ start, late }) => [start, late])).toEqual([
      [30, 2],
      [40, 0],
    ]);
  });

  it('ends with an error when too many windows are open', () => {
    const window = playTumbling({ maxOpenWindows: 2 });
    window.push(1, 11, 21);

    expect(String(window.failure())).toMatch(
      /^QueueFullError: tumblingWindow has maxOpenWindows = 2 windows open/u,
    );
  });

  it('puts the window that closes first out by the side, if it may', () => {
    const evicted: WindowResult<undefined, Values>[] = [];
    const window = playTumbling({ maxOpenWindows: 2, evicted: { next: (result) => evicted.push(result) } });
    window.push(21, 1, 2, 11, 3);
    window.complete();

    expect(evicted).toMatchObject([
      { start: 0, final: false, values: [1, 2] },
      { start: 0, values: [3] },
    ]);
    expect(window.told().map(({ start }) => start)).toEqual([10, 20]);
  });

  it('puts a window that is only kept for late values out before one that is open', () => {
    const evicted: number[] = [];
    const window = playTumbling({
      maxOpenWindows: 1,
      allowedLatenessMs: 50,
      evicted: { next: ({ start }) => evicted.push(start) },
    });
    window.push(1);
    window.mark(10);
    window.push(11);

    expect(evicted).toEqual([0]);
  });

  it('says of what it puts out whether it had been told on time, and that more may come', () => {
    const evicted: unknown[] = [];
    const window = playTumbling({
      maxOpenWindows: 1,
      allowedLatenessMs: 50,
      evicted: {
        next: ({ start, timing, final, late, revision }) => {
          evicted.push([start, timing, final, late, revision]);
        },
      },
    });
    window.push(1);
    window.mark(10);
    window.push(11, 21);

    expect(evicted).toEqual([
      [0, 'late', false, 0, 1],
      [10, 'early', false, 0, 0],
    ]);
  });

  it('says in each result what the frame names, and no more', () => {
    const [result] = emissionsOf(of(1).pipe(tumblingWindow<number, Values>(perTen)));
    const frame = ['key', 'start', 'end', 'time', 'timing', 'revision', 'final', 'late', 'id'];

    expect(Object.keys(result ?? {})).toEqual([...frame, 'values']);
  });

  it('tells figures that go by time how long it is', () => {
    const figures = { sizeMs: 500, time: (value: number) => value, aggregate: { perSecond: rate() } };
    const results = emissionsOf(of(501, 502, 503).pipe(tumblingWindow(figures), withoutWatermarks()));

    expect(results).toMatchObject([{ perSecond: 6 }]);
  });

  it('ignores a watermark that goes back, or is none', () => {
    const marks = [20, 5, 20, NaN, 21].map((time) => new Watermark(time));
    const items = emissionsOf(from([...marks, 3]).pipe(tumblingWindow<number, Values>(perTen)));

    expect(items).toEqual([new Watermark(20), new Watermark(21)]);
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
