import { describe, expect, it } from 'vitest';
import { count, sum } from 'breakwater/streams';
import { AggregateSet } from '../../../streams/aggregates/aggregate-set.ts';

describe('AggregateSet', () => {
  it('reads all before it adds any, so that a selector that throws leaves no trace', () => {
    const set = new AggregateSet<number, { n: number; total: number }>({
      n: count(),
      total: sum((value: number) => value),
    });
    const slot = set.open();
    set.read(3);
    set.add(slot, 0);
    expect(() => set.read(NaN)).toThrow('got NaN');
    const result = {};
    set.putResults(result, slot, 0);

    expect(result).toEqual({ n: 1, total: 3 });
  });

  it('hands over what it has read, for it to be kept', () => {
    const set = new AggregateSet<number, { total: number }>({ total: sum((value: number) => value) });
    set.read(3);
    const reads = set.takeReads();
    set.read(4);

    expect(reads).toEqual([3]);
  });

  it('refuses names that results have already, and what is no aggregate', () => {
    expect(() => new AggregateSet({ key: count() }, ['key'])).toThrow('must not be called "key"');
    expect(() => new AggregateSet({ ['__proto__']: count() })).toThrow('must not be called "__proto__"');
    expect(() => new AggregateSet({ n: null as never })).toThrow(
      'aggregate.n must be an aggregate such as count(), got null',
    );
  });
});
