import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  collect,
  sessionWindow,
  type SessionWindowOptions,
  Watermark,
  withoutWatermarks,
} from 'breakwater/streams';
import { createVirtualClock } from 'breakwater/testing';

interface Values {
  readonly values: readonly number[];
}
type Options = Partial<SessionWindowOptions<number, Values, boolean>>;

/** Sessions of numbers that are their own time, those from 1 000 on of another key; fed by hand. */
function world(options: Options) {
  const clock = createVirtualClock();
  const source = new Subject<number | Watermark>();
  let told: unknown[] = [];
  const subscription = source
    .pipe(
      sessionWindow<number, Values, boolean>({
        gapMs: 10,
        time: (value) => value % 1_000,
        key: (value) => value >= 1_000,
        aggregate: { values: collect() },
        clock,
        ...options,
      }),
      withoutWatermarks(),
    )
    .subscribe(({ start, timing, revision, values }) => told.push([start, timing, revision, values]));
  return {
    clock,
    subscription,
    push: (...values: number[]) => values.forEach((value) => source.next(value)),
    mark: (time: number) => source.next(new Watermark(time)),
    complete: () => source.complete(),
    told: () => {
      const since = told;
      told = [];
      return since;
    },
  };
}

const bursts = { early: { everyCount: 2, coalesce: true } };

describe('the early results of a session', () => {
  it('wait for the end of a burst, and tell all of it once', () => {
    const { clock, push, told } = world(bursts);
    push(1, 2, 1_001, 3, 4, 5, 1_002);
    expect(told()).toEqual([]);
    clock.flushSync();
    expect(told()).toEqual([
      [1, 'early', 0, [1, 2, 3, 4, 5]],
      [1, 'early', 0, [1_001, 1_002]],
    ]);
    push(6, 7);
    clock.flushSync();
    expect(told()).toEqual([[1, 'early', 1, [1, 2, 3, 4, 5, 6, 7]]]);
  });

  it('are not given of a session that was told on time before the burst ended', () => {
    const { clock, push, mark, told } = world(bursts);
    push(1, 2);
    mark(12);
    push(21);
    clock.flushSync();
    expect(told()).toEqual([[1, 'on-time', 0, [1, 2]]]);
  });

  it('are given of the session that one with news has become part of', () => {
    const { clock, push, told } = world(bursts);
    push(1, 2, 15, 16, 8);
    clock.flushSync();
    expect(told()).toEqual([[1, 'early', 0, [1, 2, 8, 15, 16]]]);
  });

  it('are not given of a session that was put out before the burst ended', () => {
    const evicted: unknown[] = [];
    const { clock, push, told } = world({
      ...bursts,
      maxOpenWindows: 1,
      evicted: { next: ({ start }) => evicted.push(start) },
    });
    push(1, 2, 31);
    clock.flushSync();
    expect([told(), evicted]).toEqual([[], [1]]);
  });

  it('tell by the clock only of sessions that have news and are open', () => {
    const { clock, push, mark, told } = world({ early: { everyClockMs: 5 }, allowedLatenessMs: 100 });
    push(1, 31);
    mark(11);
    told();
    clock.advanceBySync(5);
    expect(told()).toEqual([[31, 'early', 0, [31]]]);
    push(1_031);
    clock.advanceBySync(5);
    expect(told()).toEqual([[31, 'early', 0, [1_031]]]);
  });

  it('end with their reader', () => {
    const { clock, push, told, subscription } = world(bursts);
    push(1, 2);
    subscription.unsubscribe();
    clock.flushSync();
    expect(told()).toEqual([]);
  });
});

describe('a session that was told and may still change', () => {
  it('takes late values at its edges, and is told anew once it has ended again', () => {
    const { push, mark, told } = world({ allowedLatenessMs: 20 });
    push(20);
    mark(35);
    push(29, 11);
    expect(told()).toEqual([[20, 'on-time', 0, [20]]]);
    mark(39);
    expect(told()).toEqual([[11, 'on-time', 1, [11, 20, 29]]]);
  });
});
