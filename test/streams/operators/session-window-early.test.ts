import { from, Subject } from 'rxjs';
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

  it('are not given again where what is new was told before the burst ended', () => {
    const { clock, push, mark, told } = world({ early: { everyCount: 2, coalesce: true, everyMs: 5 } });
    push(1, 2);
    mark(5);
    expect(told()).toEqual([[1, 'early', 0, [1, 2]]]);
    clock.flushSync();
    expect(told()).toEqual([]);
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

  it('is told at once for a late value that does not prolong it beyond the watermark', () => {
    const { push, mark, told } = world({ allowedLatenessMs: 100 });
    push(0);
    mark(30);
    push(9, 18, 20);
    expect(told().map((row) => (row as unknown[]).slice(0, 3))).toEqual([
      [0, 'on-time', 0],
      [0, 'late', 1],
      [0, 'late', 2],
      [0, 'late', 3],
    ]);
  });

  it('may begin with a late value, also one whose time is just up', () => {
    const { push, mark, told } = world({ allowedLatenessMs: 50 });
    mark(30);
    push(3, 20);
    expect(told()).toEqual([
      [3, 'late', 0, [3]],
      [20, 'late', 0, [20]],
    ]);
  });

  it('is late for good from the end of what is allowed', () => {
    const late: number[] = [];
    const { push, mark, told } = world({
      allowedLatenessMs: 20,
      late: { next: (value) => late.push(value) },
    });
    push(0);
    mark(29);
    push(1);
    mark(31);
    push(1);
    expect(told()).toEqual([
      [0, 'on-time', 0, [0]],
      [0, 'late', 1, [0, 1]],
    ]);
    expect(late).toEqual([1]);
  });
});

describe('a session that is told more than once', () => {
  it('takes the place of none of its results while it begins where it began', () => {
    const replaced: unknown[] = [];
    from([0, 0, 5])
      .pipe(
        sessionWindow({
          gapMs: 10,
          time: (value: number) => value,
          aggregate: { values: collect<number>() },
          early: { everyCount: 1 },
        }),
        withoutWatermarks(),
      )
      .subscribe(({ id, replaces }) => replaced.push([id, replaces]));
    expect(replaced).toEqual([0, 1, 2, 3].map((n) => [`sessionWindow/0/#${n}`, []]));
  });
});

describe('too many sessions', () => {
  function crowd(maxOpenWindows: number, allowedLatenessMs = 0) {
    const evicted: unknown[] = [];
    const sink = { next: ({ start, values }: { start: number } & Values) => evicted.push([start, values]) };
    return { evicted, ...world({ maxOpenWindows, allowedLatenessMs, evicted: sink }) };
  }

  it('are not two that have become one', () => {
    const { evicted, push } = crowd(2);
    push(0, 15, 7, 50);
    expect(evicted).toEqual([]);
    push(90);
    expect(evicted).toEqual([[0, [0, 7, 15]]]);
  });

  it('put out the one that closes first as it is now, not as it began', () => {
    const { evicted, push } = crowd(2);
    push(0, 9, 18, 27, 1_012, 1_040);
    expect(evicted).toEqual([[12, [1_012]]]);
  });

  it('put out first, of those kept for late values, the one that is kept least long', () => {
    const { evicted, push, mark } = crowd(2, 50);
    push(0);
    mark(30);
    push(9, 1_005, 80);
    expect(evicted).toEqual([[5, [1_005]]]);
  });

  it('put out what is kept least long, not what came late', () => {
    const { evicted, push, mark } = crowd(2, 50);
    push(0);
    mark(30);
    push(1_018, 80);
    expect(evicted).toEqual([[0, [0]]]);
  });

  it('do not put out one again that has become part of another', () => {
    const { evicted, push } = crowd(2);
    push(0, 15, 7, 20, 29, 1_030, 1_060, 90);
    expect(evicted).toEqual([
      [0, [0, 7, 15, 20, 29]],
      [30, [1_030]],
    ]);
  });

  it('are not those that are done with', () => {
    const { evicted, push, mark } = crowd(1, 5);
    for (let time = 0; time < 1_000; time += 20) {
      mark(time);
      push(time);
    }
    expect(evicted).toEqual([]);
  });
});
