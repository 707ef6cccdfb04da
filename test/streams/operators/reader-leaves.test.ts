import { type OperatorFunction, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  countWindow,
  customAggregate,
  hoppingWindow,
  sessionWindow,
  slidingWindow,
  tumblingWindow,
  Watermark,
} from 'breakwater/streams';
import { createVirtualClock } from 'breakwater/testing';
import type { Timed } from '../../support/operator-contract.ts';

const clock = createVirtualClock();
const key = (value: Timed): string => value.key;

/** Counts how often figures are worked out. */
function counting() {
  const state = { asked: 0 };
  const figure = customAggregate({
    create: () => ({ n: 0 }),
    read: () => 1,
    add: (sum, one: number) => void (sum.n += one),
    merge: (into, other) => void (into.n += other.n),
    result: ({ n }) => {
      state.asked += 1;
      return n;
    },
  });
  return { state, aggregate: { figure } };
}
type Aggregate = ReturnType<typeof counting>['aggregate'];
type Create = (aggregate: Aggregate) => OperatorFunction<Timed | Watermark, unknown>;

const early = { everyMs: 5 };
const each: readonly (readonly [string, Create, number])[] = [
  ['tumblingWindow, on time', (aggregate) => tumblingWindow({ aggregate, key, sizeMs: 10 }), 20],
  ['tumblingWindow, early', (aggregate) => tumblingWindow({ aggregate, key, sizeMs: 10, early }), 5],
  ['hoppingWindow, on time', (aggregate) => hoppingWindow({ aggregate, key, sizeMs: 10, hopMs: 5 }), 20],
  ['hoppingWindow, early', (aggregate) => hoppingWindow({ aggregate, key, sizeMs: 10, hopMs: 5, early }), 5],
  ['sessionWindow, on time', (aggregate) => sessionWindow({ aggregate, key, gapMs: 10 }), 20],
  ['sessionWindow, early', (aggregate) => sessionWindow({ aggregate, key, gapMs: 10, early }), 5],
  ['slidingWindow', (aggregate) => slidingWindow({ aggregate, key, sizeMs: 10 }), 20],
];

/** A reader that leaves at the first result. */
function leaveAtFirst(source: Subject<Timed | Watermark>, operator: ReturnType<Create>): void {
  const subscription = source.pipe(operator).subscribe((item) => {
    if (!(item instanceof Watermark)) subscription.unsubscribe();
  });
}

describe('a reader that leaves at a result', () => {
  it.each(each)('makes %s work out no more of them', (_name, create, until) => {
    const { state, aggregate } = counting();
    const source = new Subject<Timed | Watermark>();
    leaveAtFirst(source, create(aggregate));
    for (const own of ['a', 'b', 'c']) source.next({ time: 1, key: own });
    source.next(new Watermark(until));

    expect(state.asked).toBe(1);
  });

  it('makes countWindow work out no more of what is left over', () => {
    const { state, aggregate } = counting();
    const source = new Subject<Timed | Watermark>();
    leaveAtFirst(source, countWindow({ aggregate, key, size: 2 }));
    for (const own of ['a', 'b', 'c']) source.next({ time: 1, key: own });
    source.complete();

    expect(state.asked).toBe(1);
  });

  it.each<[string, Create]>([
    [
      'tumblingWindow',
      (aggregate) =>
        tumblingWindow({ aggregate, key, sizeMs: 10, clock, early: { everyCount: 1, coalesce: true } }),
    ],
    [
      'sessionWindow',
      (aggregate) =>
        sessionWindow({ aggregate, key, gapMs: 10, clock, early: { everyCount: 1, coalesce: true } }),
    ],
  ])('before a burst ends makes %s work out none', (_name, create) => {
    const { state, aggregate } = counting();
    const source = new Subject<Timed | Watermark>();
    const left = source.pipe(create(aggregate)).subscribe();
    source.next({ time: 1, key: 'a' });
    left.unsubscribe();
    clock.flushSync();

    expect(state.asked).toBe(0);
  });
});
