import { concat, from, map, NEVER, of, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  type FailedValue,
  joinAsOf,
  type JoinAsOfOptions,
  type JoinInput,
  joinLatest,
  Watermark,
  withoutWatermarks,
} from 'breakwater/streams';
import type { Timed } from '../../support/operator-contract.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

type Item = Timed | Watermark;
type Options = Partial<JoinAsOfOptions<Timed, Timed, string, 'inner' | 'left'>>;

const keys = { leftKey: (left: Timed): string => left.key, rightKey: (right: Timed): string => right.key };
const at = (time: number, key = 'a'): Timed => ({ time, key });
const until = (time: number): Watermark => new Watermark(time);

/** The times of both sides of each result, `null` where there is no right one. */
function pairs(lefts: readonly Item[], rights: readonly Item[], options: Options = {}): unknown[] {
  return emissionsOf(
    from(lefts).pipe(
      joinAsOf(from(rights), { ...keys, ...options }),
      withoutWatermarks(),
      map(({ left, right }) => [left.time, right?.time ?? null]),
    ),
  );
}

describe('joinAsOf', () => {
  it('gives the latest row that is not after the value, of several with one time the last that came', () => {
    const rows = [at(3), { ...at(5), key: 'a', row: 1 }, { ...at(5), key: 'a', row: 2 }, at(6)];
    const results = emissionsOf(of(at(5)).pipe(joinAsOf(from(rows), keys), withoutWatermarks()));

    expect(results).toEqual([{ key: 'a', left: at(5), right: rows[2], time: 5, late: 0 }]);
    expect(pairs([at(2), at(3), at(4), at(7)], rows)).toEqual([
      [2, null],
      [3, 3],
      [4, 3],
      [7, 6],
    ]);
  });

  it('leaves out values without a row where asked to', () => {
    expect(pairs([at(2), at(4, 'b'), at(4)], [at(3)], { kind: 'inner' })).toEqual([[4, 3]]);
  });

  it('takes no row that is older than allowed, and one that is just as old', () => {
    expect(pairs([at(13), at(14)], [at(3)], { toleranceMs: 10 })).toEqual([
      [13, 3],
      [14, null],
    ]);
    expect(pairs([at(3), at(4)], [at(3)], { toleranceMs: 0 })).toEqual([
      [3, 3],
      [4, null],
    ]);
  });

  it('takes what comes with the very time of the watermark, and puts out what comes below it', () => {
    const late: JoinInput<Timed, Timed>[] = [];
    const [left, right] = [new Subject<Item>(), new Subject<Item>()];
    const told: unknown[] = [];
    left
      .pipe(joinAsOf(right, { ...keys, late: { next: (input) => late.push(input) } }), withoutWatermarks())
      .subscribe((result) => told.push([result.left.time, result.right?.time]));
    for (const side of [left, right]) side.next(until(10));
    right.next(at(9));
    left.next(at(9));
    right.next(at(10));
    left.next(at(10));
    for (const side of [left, right]) side.complete();

    expect(late).toEqual([
      { side: 'right', value: at(9) },
      { side: 'left', value: at(9) },
    ]);
    expect(told).toEqual([[10, 10]]);
  });

  it('counts on the next result what came too late, where nobody takes it', () => {
    const results = emissionsOf(
      from([until(10), at(9), at(8), at(10), at(11)]).pipe(joinAsOf(from<Item[]>([]), keys)),
    );

    expect(results.filter((item) => 'left' in item).map(({ late }) => late)).toEqual([2, 0]);
  });

  it('keeps a row that comes after the others but lies before them for values in between', () => {
    expect(pairs([at(4), at(9)], [at(8), at(3), at(6)])).toEqual([
      [4, 3],
      [9, 8],
    ]);
  });

  it('gives up all rows of a key, and has their room again', () => {
    const evicted: unknown[] = [];
    const options = { maxKeys: 1, maxBuffered: 3, evicted: { next: (row: unknown) => evicted.push(row) } };
    const rows = ['a', 'b', 'c', 'd'].flatMap((key) => [at(1, key), at(2, key)]);
    // A value takes the third place; so long as it waits, no more than two rows fit.
    expect(pairs([at(3, 'd')], rows, options)).toEqual([[3, 2]]);
    expect(evicted).toEqual(rows.slice(0, 6).map((value) => ({ side: 'right', value })));
  });

  it('refuses more values than may wait, of both sides together', () => {
    const waiting = (lefts: number, rights: number): string => {
      let failure = 'none';
      const [left, right] = [new Subject<Item>(), new Subject<Item>()];
      left
        .pipe(joinAsOf(right, { ...keys, maxBuffered: 4 }))
        .subscribe({ error: (error: unknown) => (failure = String(error)) });
      for (let n = 0; n < lefts; n += 1) left.next(at(n));
      for (let n = 0; n < rights; n += 1) right.next(at(n));
      return failure;
    };

    expect([waiting(2, 2), waiting(4, 0), waiting(0, 4)]).toEqual(['none', 'none', 'none']);
    for (const [lefts, rights] of [
      [3, 2],
      [5, 0],
      [0, 5],
    ] as const) {
      expect(waiting(lefts, rights)).toMatch(/QueueFullError: joinAsOf keeps maxBuffered = 4 values/u);
    }
  });

  it.each<[object, RegExp]>([
    [{ kind: 'full' }, /kind must be one of inner, left; got "full"/u],
    [{ toleranceMs: -1 }, /toleranceMs must be milliseconds, at least 0, got -1/u],
    [{ maxKeys: 0 }, /maxKeys must be a whole number of at least 1/u],
    [{ maxBuffered: 0 }, /maxBuffered must be a whole number of at least 1/u],
  ])('refuses %j', (options, message) => {
    expect(() => joinAsOf(NEVER, { ...keys, ...options })).toThrow(message);
  });
});

describe('joinLatest', () => {
  const brief = (kind: 'inner' | 'left', stream: readonly Item[], rows: readonly Timed[]): unknown[] =>
    emissionsOf(from(stream).pipe(joinLatest(from(rows), { ...keys, kind }))).map((item) =>
      'left' in item ? [item.left.time, item.right] : item.time,
    );

  it('passes watermarks of the stream, and leaves out values without a row unless asked for them', () => {
    const stream = [at(1), until(2), at(3, 'b')];

    expect(brief('inner', stream, [at(9)])).toEqual([[1, at(9)], 2]);
    expect(brief('left', stream, [at(9)])).toEqual([[1, at(9)], 2, [3, null]]);
  });

  it('knows a row that is undefined from none', () => {
    const rows = of<undefined>(undefined);
    const joined = of(at(1)).pipe(joinLatest(rows, { leftKey: () => 'k', rightKey: () => 'k' }));

    expect(emissionsOf(joined)).toEqual([{ key: 'k', left: at(1), right: undefined }]);
  });

  it('hands rows and values that a selector cannot read to errors, each with its side', () => {
    const failed: FailedValue<JoinInput<number, number>>[] = [];
    const touchy = (n: number): number => {
      if (n < 0) throw new Error(`no key for ${n}`);
      return n;
    };
    const options = { leftKey: touchy, rightKey: touchy };
    const errors = { next: (one: FailedValue<JoinInput<number, number>>) => failed.push(one) };
    const joined = of(1, -2).pipe(joinLatest(of(-1, 1), { ...options, errors }));

    expect(emissionsOf(joined)).toEqual([{ key: 1, left: 1, right: 1 }]);
    expect(failed).toEqual([
      { value: { side: 'right', value: -1 }, error: new Error('no key for -1') },
      { value: { side: 'left', value: -2 }, error: new Error('no key for -2') },
    ]);
    expect(() => emissionsOf(of(1).pipe(joinLatest(of(-1), options)))).toThrow('no key for -1');
    expect(() => emissionsOf(of(-1).pipe(joinLatest(of(1), options)))).toThrow('no key for -1');
  });

  it('does not read the stream once the table has failed', () => {
    let read = 0;
    const stream = of(1).pipe(map((n) => (read += n)));
    const joined = stream.pipe(
      joinLatest(
        throwError(() => new Error('no table')),
        { leftKey: () => 1, rightKey: () => 1 },
      ),
    );

    expect(() => emissionsOf(joined)).toThrow('no table');
    expect(read).toBe(0);
  });

  it('goes on with the table as it is when that has completed, and ends with the stream', () => {
    const stream = concat(of(at(1)), NEVER);
    const seen: unknown[] = [];
    stream
      .pipe(joinLatest(of(at(9)), keys))
      .subscribe({ next: (one) => seen.push(one), complete: () => seen.push('complete') });

    expect(seen).toEqual([{ key: 'a', left: at(1), right: at(9) }]);
  });
});
