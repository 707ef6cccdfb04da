import { concat, from, map, NEVER, type Observable, of, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  type FailedValue,
  joinAsOf,
  joinInterval,
  type JoinInput,
  joinLatest,
  type JoinOptions,
  joinWindow,
  Watermark,
  withoutWatermarks,
} from 'breakwater/streams';
import { itIsAnOperator, marbles, type Timed } from '../../support/operator-contract.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

type Item = Timed | Watermark;

const keys = {
  leftKey: (left: Timed): string => left.key,
  rightKey: (right: Timed): string => right.key,
} satisfies Partial<JoinOptions<Timed, Timed, string>>;
const at = (time: number, key = 'a'): Timed => ({ time, key });
const until = (time: number): Watermark => new Watermark(time);
const table = of(at(1), until(1e9));
const items = (...all: Item[]): Observable<Item> => from(all);

describe('joinInterval', () => {
  itIsAnOperator({
    operator: () => joinInterval(table, { ...keys, fromMs: -10, toMs: 10, kind: 'left' }),
  });

  it('emits a pair at once, a lone value when no partner can come, and holds its watermark back', () => {
    marbles(({ hot, expectObservable }) => {
      const left = hot<Item>('  a-b---w-----|', { a: at(10), b: at(12, 'b'), w: until(18) });
      const right = hot<Item>(' -x---w-----|', { x: at(15), w: until(20) });
      const joined = left.pipe(joinInterval(right, { ...keys, fromMs: 0, toMs: 5, kind: 'left' }));

      const pair = { key: 'a', left: at(10), right: at(15), time: 15, late: 0 };
      const alone = { key: 'b', left: at(12, 'b'), right: null, time: 12, late: 0 };
      // Until the watermark 18 a left value of the time 13 may still wait for a partner.
      expectObservable(joined).toBe('-p----(lm)--|', { p: pair, l: alone, m: until(13) });
    });
  });

  it('waits while a partner may come with the very time of the watermark', () => {
    const left = items(at(10), until(15));
    const joined = left.pipe(
      joinInterval(items(until(15), at(15)), { ...keys, fromMs: 0, toMs: 5, kind: 'left' }),
    );

    expect(emissionsOf(joined)).toMatchObject([{ right: at(15) }, until(10)]);
    const alone = concat(left, items(until(16))).pipe(
      joinInterval(concat(items(until(16)), NEVER), { ...keys, fromMs: 0, toMs: 5, kind: 'left' }),
      map((item) => ('right' in item ? item.right : item.time)),
    );
    const seen: unknown[] = [];
    alone.subscribe((item) => seen.push(item));
    expect(seen).toEqual([10, null, 11]);
  });

  it('emits a value alone at once that comes after all that it could meet', () => {
    const seen: unknown[] = [];
    const left = concat(items(until(20), at(20)), NEVER);
    left
      .pipe(joinInterval(concat(items(until(20)), NEVER), { ...keys, fromMs: -10, toMs: -5, kind: 'left' }))
      .subscribe((item) => seen.push(item));

    expect(seen).toMatchObject([until(20), { left: at(20), right: null }]);
  });

  it('gives late values to the side output, or counts them on the next result', () => {
    const late: JoinInput<Timed, Timed>[] = [];
    const options = { ...keys, fromMs: 0, toMs: 5 };
    const left = new Subject<Item>();
    const results: unknown[] = [];
    const subscriptions = [
      left.pipe(joinInterval(table, { ...options, late: { next: (input) => late.push(input) } })),
      left.pipe(joinInterval(items(until(20), at(22)), options), withoutWatermarks()),
    ].map((joined) => joined.subscribe((result) => results.push(result)));
    left.next(until(20));
    left.next(at(19));
    left.next(at(20));

    expect(late).toEqual([{ side: 'left', value: at(19) }]);
    expect(results.at(-1)).toMatchObject({ left: at(20), right: at(22), late: 1 });
    for (const subscription of subscriptions) subscription.unsubscribe();
  });

  it('gives up what expires first when it is full, or ends', () => {
    const evicted: JoinInput<Timed, Timed>[] = [];
    const options = { ...keys, fromMs: 0, toMs: 100, maxBuffered: 2 };
    const left = items(at(3), at(1), at(2));

    emissionsOf(
      left.pipe(joinInterval(items(), { ...options, evicted: { next: (row) => evicted.push(row) } })),
    );
    expect(evicted).toEqual([{ side: 'left', value: at(1) }]);
    expect(() => emissionsOf(left.pipe(joinInterval(items(), options)))).toThrow(/maxBuffered = 2/u);
  });

  it('refuses an interval that ends before it begins, and an unknown kind', () => {
    expect(() => joinInterval(NEVER, { ...keys, fromMs: 1, toMs: 0 })).toThrow(
      new RangeError('fromMs must be milliseconds, at most toMs, got 1 and 0'),
    );
    expect(() => joinInterval(NEVER, { ...keys, fromMs: 0, toMs: 0, kind: 'outer' as 'full' })).toThrow(
      new TypeError('kind must be one of inner, left, right, full; got "outer"'),
    );
  });
});

describe('joinWindow', () => {
  itIsAnOperator({ operator: () => joinWindow(table, { ...keys, sizeMs: 10, kind: 'left' }) });

  it('emits the pairs of a window when the watermark of both passes its end', () => {
    marbles(({ hot, expectObservable }) => {
      const left = hot<Item>(' a--w--------|', { a: at(10), w: until(20) });
      const right = hot<Item>('-x---v--w---|', { x: at(15), v: until(19), w: until(30) });
      const joined = left.pipe(joinWindow(right, { ...keys, sizeMs: 10 }));

      const pair = { key: 'a', left: at(10), right: at(15), start: 10, end: 20, time: 19, late: 0 };
      expectObservable(joined).toBe('-----m--(pn)(r|)', {
        p: pair,
        m: until(19),
        n: until(20),
        r: until(30),
      });
    });
  });

  it('takes a value into those of its windows that are open, and calls it late when none is', () => {
    const late: unknown[] = [];
    const joined = items(until(20), at(14), at(19), at(21)).pipe(
      joinWindow(items(until(20), at(15), at(22)), {
        ...keys,
        sizeMs: 10,
        hopMs: 5,
        late: { next: (input) => late.push([input.side, input.value.time]) },
      }),
      withoutWatermarks(),
    );

    expect(emissionsOf(joined).map(({ start, left, right }) => [start, left.time, right.time])).toEqual([
      [15, 19, 15],
      [15, 19, 22],
      [15, 21, 15],
      [15, 21, 22],
      [20, 21, 22],
    ]);
    expect(late).toEqual([['left', 14]]);
  });

  it('orders the pairs of a window by time, not by how they came', () => {
    const joined = items(at(3), at(1)).pipe(
      joinWindow(items(at(4), at(2)), { ...keys, sizeMs: 10 }),
      map((item) => ('left' in item ? [item.left.time, item.right.time] : [])),
    );

    expect(emissionsOf(joined)).toEqual([
      [1, 2],
      [1, 4],
      [3, 2],
      [3, 4],
    ]);
  });

  it('gives up the window that closes first when it is full, or ends', () => {
    const evicted: unknown[] = [];
    const options = { ...keys, sizeMs: 10, maxBuffered: 2 };
    const left = items(at(31), at(11), at(12));

    emissionsOf(
      left.pipe(joinWindow(items(), { ...options, evicted: { next: (row) => evicted.push(row.value) } })),
    );
    expect(evicted).toEqual([at(11)]);
    expect(() => emissionsOf(left.pipe(joinWindow(items(), options)))).toThrow(/maxBuffered = 2/u);
  });

  it.each([
    [{ sizeMs: 0 }, /sizeMs must be milliseconds, at least 1, got 0/u],
    [{ sizeMs: 10, hopMs: 20 }, /hopMs must be at most sizeMs, 10, got 20/u],
    [{ sizeMs: 10, offsetMs: -1 }, /offsetMs must be milliseconds, at least 0, got -1/u],
  ])('refuses %j', (lengths, message) => {
    expect(() => joinWindow(NEVER, { ...keys, ...lengths })).toThrow(message);
  });
});

describe('joinAsOf', () => {
  itIsAnOperator({ operator: () => joinAsOf(table, keys) });

  it('keeps of the past only the latest row of each key', () => {
    const left = new Subject<Item>();
    const right = new Subject<Item>();
    const errors: unknown[] = [];
    left
      .pipe(joinAsOf(right, { ...keys, maxBuffered: 3 }))
      .subscribe({ error: (error) => errors.push(error) });
    for (let time = 1; time <= 100; time += 1) {
      right.next(at(time));
      right.next(until(time + 1));
      left.next(until(time + 1));
    }
    expect(errors).toEqual([]);
    // Ahead of the watermark nothing may be forgotten.
    for (let time = 200; time <= 203; time += 1) right.next(at(time));

    expect(errors).toMatchObject([{ code: 'ERR_QUEUE_FULL' }]);
  });

  it('gives up the rows of the key that came first beyond maxKeys, or ends', () => {
    const evicted: unknown[] = [];
    const right = items(at(1, 'a'), at(1, 'b'), at(1, 'c'), until(9));
    const left = items(at(5, 'a'), at(5, 'c'), until(9));
    const joined = left.pipe(
      joinAsOf(right, { ...keys, maxKeys: 2, evicted: { next: ({ value }) => evicted.push(value) } }),
      withoutWatermarks(),
    );

    expect(emissionsOf(joined).map(({ key, right }) => [key, right?.time])).toEqual([
      ['a', undefined],
      ['c', 1],
    ]);
    expect(evicted).toEqual([at(1, 'a')]);
    expect(() => emissionsOf(left.pipe(joinAsOf(right, { ...keys, maxKeys: 2 })))).toThrow(/maxKeys = 2/u);
  });
});

describe('joinLatest', () => {
  itIsAnOperator({ operator: () => joinLatest(table, keys) });

  it('joins with the row of the moment, and with none once it is removed', () => {
    marbles(({ hot, expectObservable }) => {
      const stream = hot<Item>('a-b-c-d|', { a: at(1), b: at(2), c: at(3), d: at(4) });
      const rows = hot<Timed>(' -x-y-z', { x: at(10), y: at(20), z: at(-1) });
      const joined = stream.pipe(joinLatest(rows, { ...keys, removes: (row) => row.time < 0, kind: 'left' }));

      expectObservable(joined).toBe('a-b-c-d|', {
        a: { key: 'a', left: at(1), right: null },
        b: { key: 'a', left: at(2), right: at(10) },
        c: { key: 'a', left: at(3), right: at(20) },
        d: { key: 'a', left: at(4), right: null },
      });
    });
  });

  it('gives up the row put in longest ago beyond maxKeys, or ends', () => {
    const evicted: unknown[] = [];
    const rows = items(at(1, 'a'), at(1, 'b'), at(2, 'a'), at(1, 'c'));
    const join = joinLatest(rows, { ...keys, maxKeys: 2, evicted: { next: (row) => evicted.push(row) } });
    emissionsOf(items().pipe(join));

    expect(evicted).toEqual([at(1, 'b')]);
    expect(() => emissionsOf(items().pipe(joinLatest(rows, { ...keys, maxKeys: 2 })))).toThrow(
      /maxKeys = 2/u,
    );
  });

  it('lets go of the table with the stream', () => {
    const rows = new Subject<Timed>();
    const stream = new Subject<Timed>();
    stream.pipe(joinLatest(rows, keys)).subscribe();
    stream.complete();

    expect(rows.observed).toBe(false);
  });
});

describe('a join', () => {
  it('passes a value on that a selector cannot read, and lives', () => {
    const failed: FailedValue<JoinInput<Timed, Timed>>[] = [];
    const options = { errors: { next: (value: FailedValue<JoinInput<Timed, Timed>>) => failed.push(value) } };
    const bad = { time: Number.NaN, key: 'a' };
    const throwing = {
      ...keys,
      leftKey: (left: Timed): string => {
        if (left.key === 'throws') throw new Error('no key');
        return left.key;
      },
    };
    const joined = items(bad, at(1, 'throws'), at(1)).pipe(
      joinInterval(table, { ...throwing, ...options, fromMs: 0, toMs: 0 }),
      withoutWatermarks(),
    );

    expect(emissionsOf(joined)).toHaveLength(1);
    expect(failed).toMatchObject([
      { value: { side: 'left', value: bad }, error: { code: 'ERR_VALIDATION' } },
      { value: { side: 'left' }, error: new Error('no key') },
    ]);
    expect(() => emissionsOf(items(bad).pipe(joinAsOf(table, keys)))).toThrow(/event time/u);
  });
});
