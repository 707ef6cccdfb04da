import { of, Subject } from 'rxjs';
import { orderByKey } from 'breakwater/streams';
import { describe, expect, it } from 'vitest';

describe('orderByKey', () => {
  it('runs the values of a key one at a time and in order, others beside them', () => {
    const inner: Record<string, Subject<string>> = {};
    const started: string[] = [];
    of('a1', 'a2', 'b1', 'a3', 'b2')
      .pipe(
        orderByKey(
          (name) => {
            started.push(name);
            return (inner[name] = new Subject());
          },
          { key: (name) => name[0], concurrency: 8 },
        ),
      )
      .subscribe();
    expect(started).toEqual(['a1', 'b1']);
    inner['b1']?.complete();
    expect(started).toEqual(['a1', 'b1', 'b2']);
    inner['a1']?.complete();
    inner['a2']?.complete();
    expect(started).toEqual(['a1', 'b1', 'b2', 'a2', 'a3']);
  });

  it('takes the key of events by itself, and does not order what has none', () => {
    const started: number[] = [];
    of({ n: 1, key: 'a' }, { n: 2, key: 'a' }, { n: 3 }, { n: 4 })
      .pipe(orderByKey(({ n }) => (started.push(n), new Subject())))
      .subscribe();
    expect(started).toEqual([1, 3, 4]);
  });
});
