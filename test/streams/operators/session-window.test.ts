import fc from 'fast-check';
import { from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  collect,
  count,
  type SessionResult,
  sessionWindow,
  type SessionWindowOptions,
  sum,
  Watermark,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import { createVirtualClock } from '../../../src/testing/virtual-clock.ts';
import { disordered, naiveSessions, readings, sorted } from '../../support/naive-windows.ts';
import { itIsAnOperator } from '../../support/operator-contract.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

interface Values {
  readonly values: readonly number[];
}
type Options = SessionWindowOptions<number, Values, undefined>;

const gapOfTen: Options = { gapMs: 10, time: (value) => value, aggregate: { values: collect() } };

function play(items: readonly (number | Watermark)[], options: Partial<Options> = {}) {
  return emissionsOf(from(items).pipe(sessionWindow({ ...gapOfTen, ...options }), withoutWatermarks()));
}

function brief(results: readonly SessionResult<undefined, Values>[]): unknown[] {
  return results.map(({ start, end, timing, values }) => [start, end, timing, values]);
}

const at = (time: number): Watermark => new Watermark(time);

describe('sessionWindow', () => {
  itIsAnOperator({ operator: () => sessionWindow({ gapMs: 10_000, aggregate: { n: count() } }) });

  it('begins a new session exactly a gap after the last value', () => {
    expect(brief(play([0, 9, 19, 20]))).toEqual([
      [0, 19, 'on-time', [0, 9]],
      [19, 30, 'on-time', [19, 20]],
    ]);
  });

  it('closes when the watermark reaches the end, not the one it had at first', () => {
    const late: number[] = [];
    const results = play([0, 8, at(12), 16, at(26), 20], { late: { next: (value) => late.push(value) } });

    expect(brief(results)).toEqual([
      [0, 26, 'on-time', [0, 8, 16]],
      [20, 30, 'on-time', [20]],
    ]);
    expect(late).toEqual([]);
  });

  it('merges sessions that a value joins', () => {
    expect(brief(play([0, 15, 7]))).toEqual([[0, 25, 'on-time', [0, 7, 15]]]);
  });

  it('takes a late value into an open session that it touches, and puts out one that it does not', () => {
    const late: number[] = [];
    const results = play([20, at(25), 12, 1], { late: { next: (value) => late.push(value) } });

    expect(brief(results)).toEqual([[12, 30, 'on-time', [12, 20]]]);
    expect(late).toEqual([1]);
  });

  it('names the results that no longer hold when a late value merges two sessions', () => {
    const results = play([0, 15, at(26), 8], { allowedLatenessMs: 100 });

    expect(results).toMatchObject([
      { id: 'sessionWindow/0/#0', timing: 'on-time', values: [0], replaces: [] },
      { id: 'sessionWindow/15/#0', timing: 'on-time', values: [15], replaces: [] },
      {
        id: 'sessionWindow/0/#1',
        timing: 'late',
        values: [0, 8, 15],
        replaces: ['sessionWindow/15/#0'],
      },
    ]);
  });

  it('names the result that no longer holds when a late value moves the start', () => {
    expect(play([5, at(20), 1], { allowedLatenessMs: 50 })).toMatchObject([
      { id: 'sessionWindow/5/#0' },
      { id: 'sessionWindow/1/#1', values: [1, 5], replaces: ['sessionWindow/5/#0'] },
    ]);
  });

  it('opens a told session again when it is prolonged beyond the watermark', () => {
    expect(brief(play([0, at(10), 8, at(18), 30], { allowedLatenessMs: 50 }))).toEqual([
      [0, 10, 'on-time', [0]],
      [0, 18, 'on-time', [0, 8]],
      [30, 40, 'on-time', [30]],
    ]);
  });

  it('drops what can no longer change', () => {
    const late: number[] = [];
    play([0, at(14), 3, at(18), 2], { allowedLatenessMs: 5, late: { next: (value) => late.push(value) } });

    expect(late).toEqual([2]);
  });

  it('gives early results by count, by event time and by clock', () => {
    const clock = createVirtualClock();
    expect(brief(play([0, 1, 2], { early: { everyCount: 2 } }))).toEqual([
      [0, 11, 'early', [0, 1]],
      [0, 12, 'on-time', [0, 1, 2]],
    ]);
    expect(brief(play([0, 9, at(10), 12], { early: { everyMs: 10 } }))).toEqual([
      [0, 19, 'early', [0, 9]],
      [0, 22, 'on-time', [0, 9, 12]],
    ]);
    expect(brief(play([0, 1], { early: { everyCount: 1, coalesce: true }, clock }))).toHaveLength(1);
    clock.flushSync();
  });

  it('counts the values of all sessions that it was merged from towards an early result', () => {
    expect(brief(play([0, 15, 7], { early: { everyCount: 3 } }))).toEqual([
      [0, 25, 'early', [0, 7, 15]],
      [0, 25, 'on-time', [0, 7, 15]],
    ]);
  });

  it('tells only what is new when discarding', () => {
    const results = play([0, 1, 2], { early: { everyCount: 2 }, accumulation: 'discarding' });

    expect(results.map(({ values }) => values)).toEqual([[0, 1], [2]]);
  });

  it('puts the session that closes first out by the side when too many are open', () => {
    const evicted: SessionResult<undefined, Values>[] = [];
    const next = (result: object): unknown => evicted.push(result as SessionResult<undefined, Values>);
    const results = play([50, 0, 8, 30], { maxOpenWindows: 2, evicted: { next } });

    expect(evicted).toMatchObject([{ start: 0, end: 18, values: [0, 8], final: false }]);
    expect(brief(results)).toEqual([
      [30, 40, 'on-time', [30]],
      [50, 60, 'on-time', [50]],
    ]);
    expect(() => play([50, 0, 30], { maxOpenWindows: 2 })).toThrow('sessionWindow has maxOpenWindows = 2');
  });

  it.each([
    [{ gapMs: 0 }, 'gapMs must be a whole number of at least 1, got 0'],
    [{ gapMs: NaN }, 'got NaN'],
    [{ aggregate: { replaces: count() } as never }, 'must not be called "replaces"'],
  ])('refuses %o', (options, message) => {
    expect(() => sessionWindow({ ...gapOfTen, ...options })).toThrow(message);
  });

  // I15 and law 7.
  it('finds the sessions of each key, in whatever order values come within the bound', () => {
    fc.assert(
      fc.property(
        readings,
        fc.array(fc.nat(30), { maxLength: 10 }),
        fc.integer({ min: 1, max: 30 }),
        (all, delays, gapMs) => {
          const results = emissionsOf(
            from(disordered(all, 30, delays)).pipe(
              withWatermarks({ boundMs: 30 }),
              sessionWindow({
                gapMs,
                key: (reading) => reading.key,
                aggregate: { n: count(), total: sum((reading) => reading.amount) },
                late: { next: () => expect.unreachable('a value within the bound is late') },
              }),
              withoutWatermarks(),
            ),
          );

          const windows = results.map(({ key, start, end, n, total }) => ({ key, start, end, n, total }));
          expect(sorted(windows)).toEqual(naiveSessions(all, gapMs));
          expect(results.map(({ end }) => end)).toEqual(
            results.map(({ end }) => end).toSorted((a, b) => a - b),
          );
        },
      ),
    );
  });

  it('comes to the same, however late values come, once replaced results are taken away', () => {
    fc.assert(
      fc.property(readings, fc.integer({ min: 1, max: 30 }), (all, gapMs) => {
        const standing = new Map<
          string,
          { key: string; start: number; end: number; n: number; total: number }
        >();
        const results = emissionsOf(
          from(all).pipe(
            withWatermarks(),
            sessionWindow({
              gapMs,
              allowedLatenessMs: Infinity,
              key: (reading) => reading.key,
              aggregate: { n: count(), total: sum((reading) => reading.amount) },
            }),
            withoutWatermarks(),
          ),
        );
        const identity = (id: string): string => id.slice(0, id.lastIndexOf('#'));
        for (const { id, replaces, key, start, end, n, total } of results) {
          for (const gone of replaces) standing.delete(identity(gone));
          standing.set(identity(id), { key, start, end, n, total });
        }

        expect(sorted([...standing.values()])).toEqual(naiveSessions(all, gapMs));
        expect(new Set(results.map(({ id }) => id)).size).toBe(results.length);
      }),
    );
  });
});
