import { concat, from, map, NEVER, type Observable, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  type FailedValue,
  joinInterval,
  type JoinIntervalOptions,
  type JoinInput,
  type JoinKind,
  joinWindow,
  Watermark,
  withoutWatermarks,
} from 'breakwater/streams';
import type { Timed } from '../../support/operator-contract.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

type Item = Timed | Watermark;
type Interval = JoinIntervalOptions<Timed, Timed, string, JoinKind>;

const keys = { leftKey: (left: Timed): string => left.key, rightKey: (right: Timed): string => right.key };
const at = (time: number, key = 'a'): Timed => ({ time, key });
const until = (time: number): Watermark => new Watermark(time);
const items = (...all: Item[]): Observable<Item> => from(all);

/** Both sides, fed by hand, of a join by interval; results as their times, watermarks as they are. */
function byHand(options: Partial<Interval>) {
  const [left, right] = [new Subject<Item>(), new Subject<Item>()];
  const told: unknown[] = [];
  left.pipe(joinInterval(right, { ...keys, fromMs: 0, toMs: 10, ...options })).subscribe({
    next: (item) =>
      told.push('left' in item ? [item.left?.time ?? null, item.right?.time ?? null, item.time] : item.time),
    error: (error: unknown) => told.push(String(error)),
    complete: () => told.push('complete'),
  });
  const mark = (time: number): void => [left, right].forEach((side) => side.next(until(time)));
  return { left, right, mark, told };
}

describe('joinInterval', () => {
  it('gives a pair the later of its two times', () => {
    const { left, right, told } = byHand({ fromMs: -10 });
    left.next(at(15));
    right.next(at(10));
    right.next(at(20));
    expect(told).toEqual([
      [15, 10, 15],
      [15, 20, 20],
    ]);
  });

  it('waits on either side for a partner with the very time of the watermark', () => {
    const before = byHand({ fromMs: -10, toMs: -5, kind: 'full' });
    before.mark(20);
    before.left.next(at(25));
    before.right.next(at(20));
    expect(before.told.at(-1)).toEqual([25, 20, 25]);
    const after = byHand({ fromMs: 5, toMs: 10, kind: 'full' });
    after.mark(20);
    after.right.next(at(25));
    after.left.next(at(20));
    expect(after.told.at(-1)).toEqual([20, 25, 25]);
  });

  it('emits a right value alone at once that comes after all that it could meet', () => {
    const { right, mark, told } = byHand({ fromMs: 5, kind: 'right' });
    mark(20);
    right.next(at(24));
    expect(told).toEqual([20, [null, 24, 24]]);
    right.next(at(25));
    expect(told).toHaveLength(2);
  });

  it('holds its watermark back for right values that wait, as for left ones', () => {
    const { right, mark, told } = byHand({ fromMs: -10, toMs: 0, kind: 'right' });
    right.next(at(15));
    mark(25);
    expect(told).toEqual([15]);
    mark(26);
    expect(told).toEqual([15, [null, 15, 15], 16]);
  });

  it('tells no watermark while a value may wait for ever, and the last one at the end', () => {
    const { left, right, mark, told } = byHand({ toMs: Infinity, kind: 'left' });
    left.next(at(5));
    mark(20);
    right.next(at(1_000));
    expect(told).toEqual([[5, 1_000, 1_000]]);
    left.next(at(2_000));
    mark(Infinity);
    expect(told.slice(1)).toEqual([[2_000, null, 2_000], Infinity]);
    left.complete();
    right.complete();
    expect(told.at(-1)).toBe('complete');
  });

  it('puts what comes below the watermark out with its side', () => {
    const late: unknown[] = [];
    const { left, right, mark, told } = byHand({ late: { next: (input) => late.push(input) } });
    mark(20);
    for (const side of [left, right]) side.next(at(19));
    for (const side of [left, right]) side.next(at(20));
    expect(late).toEqual([
      { side: 'left', value: at(19) },
      { side: 'right', value: at(19) },
    ]);
    expect(told.at(-1)).toEqual([20, 20, 20]);
  });

  it('gives up what expires first of both sides', () => {
    const evicted: JoinInput<Timed, Timed>[] = [];
    const { left, right } = byHand({
      toMs: 100,
      maxBuffered: 3,
      evicted: { next: (input) => evicted.push(input) },
    });
    left.next(at(50));
    right.next(at(60, 'b'));
    right.next(at(10, 'c'));
    // Lefts wait for 100 ms, rights for nothing.
    left.next(at(70));
    left.next(at(80));
    left.next(at(90));
    expect(evicted).toEqual([
      { side: 'right', value: at(10, 'c') },
      { side: 'right', value: at(60, 'b') },
      { side: 'left', value: at(50) },
    ]);
  });

  it('says what to do where it is full', () => {
    const { left, told } = byHand({ maxBuffered: 1 });
    for (const time of [1, 2]) left.next(at(time));
    expect(told).toEqual([
      'QueueFullError: joinInterval keeps maxBuffered = 1 values; narrow the interval, see that both inputs ' +
        'have watermarks, or take what is given up with an evicted output',
    ]);
  });

  it.each([
    [Infinity, Infinity],
    [-Infinity, -Infinity],
    [Number.NaN, 5],
    [5, Number.NaN],
    [6, 5],
  ])('refuses an interval from %d to %d', (fromMs, toMs) => {
    expect(() => joinInterval(NEVER, { ...keys, fromMs, toMs })).toThrow(
      new RangeError(`fromMs must be milliseconds, at most toMs, got ${fromMs} and ${toMs}`),
    );
  });

  it.each([
    ['0', 5],
    [0, '5'],
  ])('refuses texts that spell one: %j to %j', (fromMs, toMs) => {
    const texts = { fromMs, toMs } as { fromMs: number; toMs: number };
    expect(() => joinInterval(NEVER, { ...keys, ...texts })).toThrow('fromMs must be milliseconds');
  });

  it('takes one without an end, or a beginning', () => {
    for (const [fromMs, toMs] of [
      [-Infinity, 0],
      [0, Infinity],
      [-Infinity, Infinity],
    ] as const) {
      const joined = items(at(7)).pipe(joinInterval(items(at(7)), { ...keys, fromMs, toMs }));
      expect(emissionsOf(joined.pipe(withoutWatermarks()))).toHaveLength(1);
    }
  });
});

describe('joinWindow', () => {
  const pairsOf = { ...keys, sizeMs: 10 };

  it('has room again for as many values as the windows held that have closed', () => {
    const source = (): Observable<Item> =>
      from(Array.from({ length: 100 }, (_, n) => n)).pipe(
        map((n) => (n % 2 === 0 ? at(n * 10) : until(n * 10 + 10))),
      );
    const joined = source().pipe(joinWindow(source(), { ...pairsOf, maxBuffered: 50 }), withoutWatermarks());

    // The right side comes first, and its fifty values wait for the left one.
    expect(() => emissionsOf(joined)).toThrow(/maxBuffered = 50/u);
    const [left, right] = [new Subject<Item>(), new Subject<Item>()];
    const told: unknown[] = [];
    left.pipe(joinWindow(right, { ...pairsOf, maxBuffered: 2 }), withoutWatermarks()).subscribe({
      next: ({ start }) => told.push(start),
      error: (error: unknown) => told.push(String(error)),
    });
    for (let time = 0; time < 1_000; time += 10) {
      for (const side of [left, right]) side.next(at(time));
      for (const side of [left, right]) side.next(until(time + 10));
    }
    expect(told).toEqual(Array.from({ length: 100 }, (_, n) => n * 10));
  });

  it('gives up all of a window, each value with its side', () => {
    const evicted: unknown[] = [];
    const [left, right] = [new Subject<Item>(), new Subject<Item>()];
    left
      .pipe(joinWindow(right, { ...pairsOf, maxBuffered: 3, evicted: { next: (one) => evicted.push(one) } }))
      .subscribe();
    right.next(at(5));
    left.next(at(6));
    left.next(at(7, 'b'));
    for (const time of [15, 16, 17]) left.next(at(time));

    expect(evicted).toEqual([
      { side: 'left', value: at(6) },
      { side: 'right', value: at(5) },
      { side: 'left', value: at(7, 'b') },
    ]);
  });

  it('says what to do where it is full', () => {
    const joined = items(at(1), at(2)).pipe(joinWindow(items(), { ...pairsOf, maxBuffered: 1 }));
    expect(() => emissionsOf(joined)).toThrow(
      'joinWindow keeps maxBuffered = 1 values; use shorter windows, see that both inputs have ' +
        'watermarks, or take what is given up with an evicted output',
    );
  });
});

describe('a join by time', () => {
  it('hands to errors what a selector cannot read, of either side', () => {
    const failed: FailedValue<JoinInput<Timed, Timed>>[] = [];
    const touchy = ({ key }: Timed): string => {
      if (key === 'bad') throw new Error('no key');
      return key;
    };
    const errors = { next: (one: FailedValue<JoinInput<Timed, Timed>>) => failed.push(one) };
    const options = { leftKey: touchy, rightKey: touchy, fromMs: 0, toMs: 5 };
    const sides = (): Observable<Item> => items(at(1, 'bad'), at(1));
    const joined = sides().pipe(joinInterval(sides(), { ...options, errors }), withoutWatermarks());

    expect(emissionsOf(joined)).toHaveLength(1);
    expect(failed).toEqual([
      { value: { side: 'right', value: at(1, 'bad') }, error: new Error('no key') },
      { value: { side: 'left', value: at(1, 'bad') }, error: new Error('no key') },
    ]);
    expect(() => emissionsOf(items(at(1)).pipe(joinInterval(sides(), options)))).toThrow('no key');
  });

  it('does not read its left side once the right one has failed', () => {
    let read = 0;
    const left = items(at(1)).pipe(map((item) => ((read += 1), item)));
    const right = throwError(() => new Error('no right side'));

    expect(() => emissionsOf(left.pipe(joinWindow(right, { ...keys, sizeMs: 10 })))).toThrow('no right side');
    expect(read).toBe(0);
  });

  it('tells each watermark once', () => {
    const marks = (): Observable<Item> => concat(items(until(10), until(20), until(20), until(30)));
    const told = emissionsOf(marks().pipe(joinInterval(marks(), { ...keys, fromMs: 0, toMs: 5 })));

    expect(told).toEqual([until(10), until(20), until(30)]);
  });
});
