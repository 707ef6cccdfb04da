import fc from 'fast-check';
import { from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  collect,
  count,
  type CountResult,
  countWindow,
  type CountWindowOptions,
  type FailedValue,
  rate,
  sum,
  Watermark,
  withoutWatermarks,
} from 'breakwater/streams';
import { itIsAnOperator } from '../../support/operator-contract.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

interface Values {
  readonly values: readonly number[];
}
type Options = CountWindowOptions<number, Values, boolean>;

const byTwo: Options = {
  size: 2,
  key: (value) => value >= 100,
  time: (value) => value,
  aggregate: { values: collect() },
};

function play(values: readonly number[], options: Partial<Options> = {}): CountResult<boolean, Values>[] {
  return emissionsOf(
    from(values).pipe(countWindow<number, Values, boolean>({ ...byTwo, ...options }), withoutWatermarks()),
  );
}

describe('countWindow', () => {
  itIsAnOperator({ operator: () => countWindow({ size: 10, aggregate: { n: count() } }) });

  it('gives a result for so many values of a key, and what is left at the end', () => {
    expect(play([1, 101, 3, 2])).toEqual([
      {
        key: false,
        index: 0,
        start: 1,
        end: 4,
        time: 3,
        full: true,
        values: [1, 3],
        id: 'countWindow/0/false#0',
      },
      {
        key: false,
        index: 1,
        start: 2,
        end: 3,
        time: 2,
        full: false,
        values: [2],
        id: 'countWindow/1/false#0',
      },
      {
        key: true,
        index: 0,
        start: 101,
        end: 102,
        time: 101,
        full: false,
        values: [101],
        id: 'countWindow/0/true#0',
      },
    ]);
  });

  it('puts what the oldest key has out by the side when there are too many keys', () => {
    const evicted: unknown[] = [];
    const results = play([1, 2, 3, 101, 4], {
      maxKeys: 1,
      evicted: { next: ({ values, full }) => evicted.push([values, full]) },
    });

    expect(evicted).toEqual([
      [[3], false],
      [[101], false],
    ]);
    expect(results.map(({ values }) => values)).toEqual([[1, 2], [4]]);
    expect(() => play([1, 101], { maxKeys: 1 })).toThrow(
      'countWindow has values of more than maxKeys = 1 keys',
    );
  });

  it('says from when to when its values lie, in whatever order they come, and passes watermarks', () => {
    const items = [3, 1, 2, new Watermark(5), 9, 4, 6];
    const figures = { size: 3, time: (value: number) => value, aggregate: { perSecond: rate() } };
    const results = emissionsOf(from(items).pipe(countWindow(figures)));

    expect(results.map((item) => ('start' in item ? [item.start, item.end] : item))).toEqual([
      [1, 4],
      new Watermark(5),
      [4, 10],
    ]);
    // Three values in the 2 ms from 1 to 3, and in the 5 ms from 4 to 9.
    expect(results.flatMap((item) => ('start' in item ? [item.perSecond] : []))).toEqual([1_500, 600]);
  });

  it('puts nothing out of a key whose values have all been told', () => {
    const evicted: unknown[] = [];
    play([1, 2, 101], { maxKeys: 1, evicted: { next: (result) => evicted.push(result) } });

    expect(evicted).toEqual([]);
  });

  it('puts a value that cannot be read out by the side', () => {
    const failed: FailedValue<number>[] = [];

    expect(play([1, NaN, 2], { errors: { next: (value) => failed.push(value) } })).toHaveLength(1);
    expect(failed).toHaveLength(1);
    expect(() => play([NaN])).toThrow('got NaN');
  });

  it.each([
    [{ size: 0 }, 'size must be a whole number of at least 1, got 0'],
    [{ every: 0 }, 'every must be a whole number of at least 1, got 0'],
    [{ every: 3 }, 'every must be at most size, 2, got 3'],
    [{ maxKeys: 0 }, 'maxKeys must be'],
    [{ aggregate: { full: count() } as never }, 'must not be called "full"'],
  ])('refuses %o', (options, message) => {
    expect(() => play([], options)).toThrow(message);
  });

  it('equals cutting the values by hand, for every size and step', () => {
    const sizes = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 11 }));
    fc.assert(
      fc.property(fc.array(fc.nat(99), { maxLength: 40, size: 'max' }), sizes, (values, [every, more]) => {
        const size = every + more;
        const results = emissionsOf(
          from(values).pipe(
            countWindow({
              size,
              every,
              time: (value) => value,
              aggregate: { n: count(), total: sum((value) => value) },
            }),
            withoutWatermarks(),
          ),
        );

        const expected: [number, number][] = [];
        for (let end = size; end <= values.length; end += every) {
          expected.push([size, values.slice(end - size, end).reduce((total, value) => total + value, 0)]);
        }
        const full = results.filter((result) => result.full);
        expect(full.map(({ n, total }) => [n, total])).toEqual(expected);
        expect(results.length - full.length).toBeLessThanOrEqual(1);
        expect(results.map(({ index }) => index)).toEqual(results.map((_, at) => at));
      }),
    );
  });
});
