import { from, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { risingEdge, type RisingEdgeOptions, Watermark } from 'breakwater/streams';
import { itIsAnOperator, type Timed } from '../../support/operator-contract.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

interface Level {
  readonly key: string;
  readonly level: number;
}

const high: RisingEdgeOptions<Level> = { when: ({ level }) => level > 5, key: ({ key }) => key };
const levels = (...pairs: readonly [string, number][]): Level[] =>
  pairs.map(([key, level]) => ({ key, level }));

describe('risingEdge', () => {
  itIsAnOperator({ operator: () => risingEdge<Timed>({ when: () => true }) });

  it('passes a value when the condition turns true for its key', () => {
    const values = levels(['a', 6], ['a', 7], ['b', 8], ['a', 5], ['b', 9], ['a', 6]);

    expect(emissionsOf(from(values).pipe(risingEdge(high)))).toEqual(levels(['a', 6], ['b', 8], ['a', 6]));
  });

  it('passes watermarks, and has one edge for all without a key', () => {
    const source = of(7, new Watermark(1), 8, 1, 9);

    expect(emissionsOf(source.pipe(risingEdge({ when: (level) => level > 5 })))).toEqual([
      7,
      new Watermark(1),
      9,
    ]);
  });

  it('forgets the key whose condition has held longest when there are too many', () => {
    const evicted: unknown[] = [];
    const options = { ...high, maxKeys: 2, evicted: { next: (key: unknown) => evicted.push(key) } };
    const values = levels(['a', 6], ['b', 6], ['c', 6], ['b', 6], ['a', 6]);

    expect(emissionsOf(from(values).pipe(risingEdge(options)))).toEqual(
      levels(['a', 6], ['b', 6], ['c', 6], ['a', 6]),
    );
    expect(evicted).toEqual(['a', 'b']);
    expect(() => emissionsOf(from(values).pipe(risingEdge({ ...high, maxKeys: 2 })))).toThrow(
      'risingEdge holds for more than maxKeys = 2 keys',
    );
    expect(() => risingEdge({ ...high, maxKeys: 0 })).toThrow('maxKeys must be');
  });
});
