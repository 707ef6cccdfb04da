import { concatMap, EMPTY, from, map, NEVER, of, range, Subject, take, tap, throwError, toArray } from 'rxjs';
import { mergeLanes, type Held } from 'breakwater/streams';
import { describe, expect, it } from 'vitest';
import { marbles } from '../../support/flow-cases.ts';
import { aMillion } from '../../support/a-million.ts';

/** Acknowledges at once. */
const settled = map(<T>(held: Held<T>) => {
  held.ack();
  return held.value;
});

describe('mergeLanes', () => {
  it('emits the most urgent first, in rounds of 8, 4, 2 and 1', () => {
    const order: string[] = [];
    const many = (name: string) => range(0, 20).pipe(map(() => name));
    mergeLanes({ low: many('l'), normal: many('n'), high: many('h'), critical: many('c') }, { credit: 1 })
      .pipe(settled, take(30))
      .subscribe((name) => order.push(name));
    expect(order.join('')).toBe('cccccccchhhhnnlcccccccchhhhnnl');
  });

  it('emits each value once, those of a lane in order', () => {
    const seen: number[] = [];
    mergeLanes({ high: from([1, 2, 3]), low: from([11, 12]) }, { credit: 2 })
      .pipe(settled)
      .subscribe((n) => seen.push(n));
    expect(seen.filter((n) => n < 10)).toEqual([1, 2, 3]);
    expect(seen.filter((n) => n > 10)).toEqual([11, 12]);
  });

  it('has no more than credit out', () => {
    const seen: Held<number>[] = [];
    mergeLanes({ high: of(1, 2), low: of(3) }, { credit: 2 }).subscribe((held) => seen.push(held));
    expect(seen).toHaveLength(2);
    seen[1]?.ack();
    expect(seen.map(({ value }) => value)).toEqual([1, 2, 3]);
  });

  it('completes when all have, and fails with the first', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const [high, low] = [hot('-a-|'), hot('--b---|')];
      expectObservable(mergeLanes({ high, low }).pipe(settled)).toBe('-ab---|');
      expectSubscriptions(high.subscriptions).toBe('^--!');
      expectObservable(mergeLanes({ high: hot('-a-#'), low: NEVER }).pipe(settled)).toBe('-a-#');
      expectObservable(mergeLanes({ critical: EMPTY, normal: EMPTY })).toBe('|');
      expectObservable(mergeLanes({})).toBe('|');
      expectObservable(mergeLanes({ low: NEVER })).toBe('-');
      expectObservable(mergeLanes({ high: of('a'), low: throwError(() => 'error') })).toBe('#');
    });
  });

  it('leaves all sources when it is left, and gives each subscription a state of its own', () => {
    const source = new Subject<number>();
    const merged = mergeLanes({ high: source, low: source }, { credit: 9 }).pipe(settled);
    const seen: number[][] = [[], []];
    const subscriptions = seen.map((list) => merged.subscribe((n) => list.push(n)));
    source.next(1);
    expect(seen).toEqual([
      [1, 1],
      [1, 1],
    ]);
    for (const subscription of subscriptions) subscription.unsubscribe();
    expect(source.observed).toBe(false);
  });

  it('waits with a consumer that settles late', () => {
    marbles(({ cold, expectObservable }) => {
      const merged = mergeLanes({ high: cold('(ab|)'), low: cold('(c|)') }, { credit: 1 });
      const slow = merged.pipe(
        concatMap((held) =>
          cold('--(x|)').pipe(
            map(() => held.value),
            tap(() => held.ack()),
          ),
        ),
      );
      expectObservable(slow).toBe('--a-b-(c|)');
    });
  });

  it('takes synchronous sources of a million values', () => {
    let count = 0;
    mergeLanes(
      { high: range(0, aMillion / 2), low: range(0, aMillion / 2) },
      { credit: 1, capacity: aMillion },
    )
      .pipe(settled)
      .subscribe(() => (count += 1));
    expect(count).toBe(aMillion);
  });

  it('takes promises and iterables', async () => {
    const merged = mergeLanes({ critical: Promise.resolve('later'), low: ['now'] }).pipe(settled, toArray());
    expect(await new Promise((resolve) => merged.subscribe(resolve))).toEqual(['now', 'later']);
  });

  it('refuses lanes that there are not', () => {
    expect(() => mergeLanes({ ['urgent' as 'low']: of(1) })).toThrow(
      'lanes are critical, high, normal, low; there is no "urgent"',
    );
  });
});
