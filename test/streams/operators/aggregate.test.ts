import { from, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { aggregate, count, type FailedValue, first, rate, sum, Watermark } from 'breakwater/streams';
import { itIsAnOperator } from '../../support/operator-contract.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

describe('aggregate', () => {
  itIsAnOperator({ operator: () => aggregate({ n: count() }), ofNothing: 1 });

  it('gives the figures of all values at the end, without the watermarks', () => {
    const source = of(1, new Watermark(5), 2).pipe(aggregate({ n: count(), total: sum((value) => value) }));

    expect(emissionsOf(source)).toEqual([{ n: 2, total: 3 }]);
  });

  it('gives a result for each key, in the order of their first values, and none of nothing', () => {
    const byRest = { key: (value: number) => value % 2 };

    expect(emissionsOf(of(3, 4, 5).pipe(aggregate({ n: count() }, byRest)))).toEqual([
      { key: 1, n: 2 },
      { key: 0, n: 1 },
    ]);
    expect(emissionsOf(from<number[]>([]).pipe(aggregate({ n: count() }, byRest)))).toEqual([]);
  });

  it('names no key where it has none, and leaves the name to a figure', () => {
    expect(emissionsOf(of(1, 2).pipe(aggregate({ n: count() })))).toStrictEqual([{ n: 2 }]);
    expect(emissionsOf(of(1, 2).pipe(aggregate({ key: count() })))).toStrictEqual([{ key: 2 }]);
    expect(emissionsOf(of<number[]>().pipe(aggregate({ n: count() })))).toStrictEqual([{ n: 0 }]);
  });

  it('knows from when to when its values lie, in whatever order they come', () => {
    for (const times of [
      [10, 30, 50],
      [30, 50, 10],
      [50, 10, 30],
    ])
      expect(
        emissionsOf(from(times).pipe(aggregate({ rate: rate() }, { time: (value: number) => value }))),
      ).toEqual([{ rate: 75 }]);
  });

  it('goes by the time it is given, or else by the order of coming', () => {
    const figures = { first: first<number>(), rate: rate() };

    expect(emissionsOf(of(30, 10).pipe(aggregate(figures, { time: (value) => value })))).toEqual([
      { first: 10, rate: 100 },
    ]);
    expect(emissionsOf(of(30, 10).pipe(aggregate(figures)))).toEqual([{ first: 30, rate: 2_000 }]);
  });

  it('puts a value that cannot be read out by the side', () => {
    const failed: FailedValue<number>[] = [];
    const figures = { total: sum((value: number) => value) };
    const source = of(1, NaN);

    expect(
      emissionsOf(source.pipe(aggregate(figures, { errors: { next: (value) => failed.push(value) } }))),
    ).toEqual([{ total: 1 }]);
    expect(failed.map(({ value }) => value)).toEqual([NaN]);
    expect(() => emissionsOf(source.pipe(aggregate(figures)))).toThrow('sum needs finite numbers, got NaN');
  });

  it('refuses more keys than it may have', () => {
    const source = of(1, 2, 3).pipe(aggregate({ n: count() }, { key: (value) => value, maxKeys: 2 }));

    expect(() => emissionsOf(source)).toThrow('aggregate has maxKeys = 2 keys already');
    expect(() => aggregate({ n: count() }, { maxKeys: 0 })).toThrow('maxKeys must be');
    expect(() => aggregate({ key: count() }, { key: () => 1 })).toThrow('must not be called "key"');
  });
});
