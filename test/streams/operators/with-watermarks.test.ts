import fc from 'fast-check';
import { from, of, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  count,
  type FailedValue,
  tumblingWindow,
  Watermark,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import { createVirtualClock } from '../../../src/testing/virtual-clock.ts';
import { itIsAnOperator } from '../../support/operator-contract.ts';
import { bySource, playWatermarks as play } from '../../support/play-watermarks.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

describe('withWatermarks', () => {
  itIsAnOperator({ operator: () => withWatermarks(), ofNothing: 1 });

  it('follows the latest time at a distance, after the value, and never goes back', () => {
    const items = emissionsOf(
      from([5, 9, 7, 12]).pipe(withWatermarks({ boundMs: 3, time: (value) => value })),
    );

    expect(items).toEqual([
      5,
      new Watermark(2),
      9,
      new Watermark(6),
      7,
      12,
      new Watermark(9),
      new Watermark(Infinity),
    ]);
  });

  it('emits only when it has moved by `everyMs`, and at the end', () => {
    const source = from([0, 4, 9, 10, 11]).pipe(withWatermarks({ everyMs: 5, time: (value) => value }));

    expect(emissionsOf(source).filter((item) => item instanceof Watermark)).toEqual([
      new Watermark(0),
      new Watermark(9),
      new Watermark(Infinity),
    ]);
  });

  it('is the minimum over the sources', () => {
    const { push, marks } = play(bySource);
    push(100, 'a');
    expect(marks()).toEqual([100]);
    push(50, 'b');
    push(200, 'a');
    expect(marks()).toEqual([]);
    push(150, 'b');
    expect(marks()).toEqual([150]);
    push(300, 'b');
    expect(marks()).toEqual([200]);
  });

  it('sets a silent source aside, and takes it back when it speaks again', () => {
    const { clock, push, marks } = play({ ...bySource, idleAfterMs: 1_000 });
    push(100, 'a');
    push(50, 'b');
    push(200, 'a');
    clock.advanceBySync(1_000);
    push(210, 'a');
    expect(marks()).toEqual([100]);
    clock.advanceBySync(1_000);
    expect(marks()).toEqual([210]);
    push(250, 'a');
    expect(marks()).toEqual([250]);
    push(220, 'b');
    push(300, 'a');
    expect(marks()).toEqual([]);
    push(280, 'b');
    expect(marks()).toEqual([280]);
  });

  it('stays where it is when all sources are silent, and sleeps', () => {
    const { clock, push, marks } = play({ ...bySource, idleAfterMs: 1_000 });
    push(100, 'a');
    push(70, 'b');
    marks();
    clock.advanceBySync(10_000);

    expect(marks()).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('goes on with the clock when nothing comes, so that windows close', () => {
    const { clock, push, marks } = play({ boundMs: 500, advanceOnSilenceMs: 1_000 });
    push(10_000);
    expect(marks()).toEqual([9_500]);
    clock.advanceBySync(999);
    expect(marks()).toEqual([]);
    clock.advanceBySync(1);
    expect(marks()).toEqual([10_500]);
    clock.advanceBySync(1_000);
    expect(marks()).toEqual([11_500]);
    push(10_200);
    push(11_700);
    expect(marks()).toEqual([]);
    push(12_100);
    expect(marks()).toEqual([11_600]);
  });

  it('goes on from the latest time, not from that of the last value', () => {
    const { clock, push, marks } = play({ advanceOnSilenceMs: 1_000 });
    push(10_000);
    push(9_000);
    clock.advanceBySync(2_000);

    expect(marks()).toEqual([10_000, 11_000]);
  });

  it('never counts more silence than there was', () => {
    const { clock, push, marks } = play({ advanceOnSilenceMs: 1_000 });
    push(10_000);
    clock.advanceBySync(900);
    push(10_001);
    clock.advanceBySync(1_099);
    expect(marks()).toEqual([10_000, 10_001]);
    clock.advanceBySync(1);
    expect(marks()).toEqual([11_001]);
  });

  it('does not go back, nor on, when the wall clock is set', () => {
    const { clock, push, marks } = play({ advanceOnSilenceMs: 1_000 });
    push(10_000);
    marks();
    clock.setWallClock(0);
    clock.advanceBySync(1_000);
    expect(marks()).toEqual([11_000]);
    clock.setWallClock(9e12);
    clock.advanceBySync(1_000);
    expect(marks()).toEqual([12_000]);
  });

  it('leaves no timer behind', () => {
    const { clock, push, subscription } = play({ advanceOnSilenceMs: 1_000, idleAfterMs: 500 });
    push(1);
    expect(clock.pendingTimers).toBe(2);
    subscription.unsubscribe();

    expect(clock.pendingTimers).toBe(0);
  });

  it('begins with the watermark it is to resume from', () => {
    const items = emissionsOf(of({ time: 3 }, { time: 60 }).pipe(withWatermarks({ startAt: 50 })));

    expect(items.map((item) => item.time)).toEqual([50, 3, 60, 60, Infinity]);
  });

  it('puts values without a usable time out by the side, and is not moved by them', () => {
    const failed: FailedValue<{ readonly time: number }>[] = [];
    const items = emissionsOf(
      from([1, NaN, -1, 1e300, 1_060_001, Infinity, 2].map((time) => ({ time }))).pipe(
        withWatermarks({
          clock: createVirtualClock({ now: 1_000_000 }),
          errors: { next: (value) => failed.push(value) },
        }),
        withoutWatermarks(),
      ),
    );

    expect(items.map(({ time }) => time)).toEqual([1, 2]);
    expect(failed.map(({ error }) => String(error))).toEqual([
      expect.stringContaining('got NaN'),
      expect.stringContaining('got -1'),
      expect.stringContaining('got 1e+300'),
      expect.stringContaining('lies 60001 ms in the future, more than maxClockSkewMs, 60000'),
      expect.stringContaining('got Infinity'),
    ]);
  });

  it('refuses more sources than it may follow', () => {
    const source = from(['a', 'b', 'c'].map((source) => ({ time: 1, source })));

    expect(() => emissionsOf(source.pipe(withWatermarks({ ...bySource, maxSources: 2 })))).toThrow(
      'maxSources = 2',
    );
  });

  it.each([
    [{ boundMs: -1 }, RangeError, 'boundMs must be milliseconds, at least 0, got -1'],
    [{ boundMs: NaN }, RangeError, 'got NaN'],
    [{ everyMs: -5 }, RangeError, 'everyMs must be'],
    [{ maxSources: 0 }, RangeError, 'maxSources must be'],
    [{ startAt: NaN }, RangeError, 'startAt must be milliseconds, or -Infinity, got NaN'],
    [{ idleAfterMs: 0, clock: createVirtualClock() }, RangeError, 'idleAfterMs must be'],
    [{ idleAfterMs: 5 }, TypeError, 'idleAfterMs needs a clock'],
    [{ advanceOnSilenceMs: 5 }, TypeError, 'advanceOnSilenceMs needs a clock'],
    [{ maxClockSkewMs: 5 }, TypeError, 'maxClockSkewMs needs a clock'],
  ])('refuses %o', (options, error, message) => {
    expect(() => withWatermarks(options)).toThrow(error);
    expect(() => withWatermarks(options)).toThrow(message);
  });

  it('closes windows on silence alone', () => {
    const clock = createVirtualClock();
    const values = new Subject<{ readonly time: number }>();
    const counts: number[] = [];
    values
      .pipe(
        withWatermarks({ advanceOnSilenceMs: 1_000, clock }),
        tumblingWindow({ sizeMs: 5_000, aggregate: { n: count() } }),
        withoutWatermarks(),
      )
      .subscribe(({ n }) => counts.push(n));
    values.next({ time: 1_000 });
    clock.advanceBySync(3_000);
    expect(counts).toEqual([]);
    clock.advanceBySync(1_000);

    expect(counts).toEqual([1]);
  });

  // I16.
  it('never goes back and never passes the slowest active source less the bound', () => {
    const step = fc.record({
      time: fc.nat(1_000),
      source: fc.constantFrom('a', 'b', 'c'),
      passMs: fc.constantFrom(0, 0, 0, 300, 1_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), fc.nat(100), (steps, boundMs) => {
        const { clock, push, marks } = play({ ...bySource, boundMs, idleAfterMs: 1_000 });
        const latest = new Map<string, number>();
        const lastHeard = new Map<string, number>();
        let mark = -Infinity;
        /** No new mark goes back, nor past an input that has not been silent for long enough to be idle. */
        const check = (): void => {
          const now = clock.monotonic();
          const active = [...latest].filter(([source]) => now - (lastHeard.get(source) ?? 0) < 1_000);
          const slowest = Math.min(...active.map(([, time]) => time));
          for (const next of marks()) {
            expect(next).toBeGreaterThan(mark);
            expect(next).toBeLessThanOrEqual(slowest - boundMs);
            mark = next;
          }
        };
        for (const { time, source, passMs } of steps) {
          clock.advanceBySync(passMs);
          check();
          push(time, source);
          latest.set(source, Math.max(time, latest.get(source) ?? 0));
          lastHeard.set(source, clock.monotonic());
          check();
          if (latest.size === 1) expect(mark).toBe((latest.get(source) ?? NaN) - boundMs);
        }
      }),
    );
  });
});
