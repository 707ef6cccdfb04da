import { laneMap, mergeLanes, type ConcurrencyLimit, type Delivery } from 'breakwater/streams';
import { NEVER, of, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';

/** A limit that is set by hand, and what it was told. */
class HandLimit implements ConcurrencyLimit {
  readonly told: unknown[] = [];
  limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  started(): number {
    return 7;
  }

  ended(...told: readonly unknown[]): void {
    this.told.push(told);
  }
}

describe('the starts of laneMap', () => {
  it('are counted from 0', () => {
    const calls: unknown[] = [];
    of('a', 'b', 'c')
      .pipe(laneMap((value, index) => (calls.push([value, index]), of(value))))
      .subscribe();

    expect(calls).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 2],
    ]);
  });

  it('leave room first to those that wait, where the limit has grown meanwhile', () => {
    const limit = new HandLimit(1);
    const source = new Subject<number>();
    const started: number[] = [];
    source.pipe(laneMap((n) => (started.push(n), NEVER), { concurrency: () => limit })).subscribe();
    source.next(1);
    source.next(2);
    limit.limit = 2;
    source.next(3);

    expect(started).toEqual([1, 2]);
  });

  it('and ends are told to the limit, and whether the call failed', () => {
    const limit = new HandLimit(1);
    const errors = new Subject<unknown>();
    of(1, 2)
      .pipe(
        laneMap((n) => (n === 2 ? throwError(() => new Error('no')) : of(n)), {
          concurrency: () => limit,
          errors,
        }),
      )
      .subscribe();

    expect(limit.told).toEqual([
      [7, 1, false],
      [7, 1, true],
    ]);
  });

  it.each(['none', 'key'] as const)(
    'do not nest in the consumer that feeds the source, order %s',
    (order) => {
      const source = new Subject<number>();
      const log: string[] = [];
      source.pipe(laneMap((n) => of(n), { order, key: String })).subscribe((n) => {
        log.push(`begin ${n}`);
        if (n < 3) source.next(n + 1);
        log.push(`end ${n}`);
      });
      source.next(1);

      expect(log).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3']);
    },
  );

  it('look at no key where none matters', () => {
    const seen: unknown[] = [];
    of({ key: 5 })
      .pipe(laneMap((value) => of(value.key)))
      .subscribe((value) => seen.push(value));

    expect(seen).toEqual([5]);
  });
});

describe('mergeLanes', () => {
  it('gives back the deliveries that wait when it is left', () => {
    const calls: string[] = [];
    const delivery = (id: string): Delivery =>
      ({
        event: { id },
        attempt: 1,
        ack: () => calls.push(`ack ${id}`),
        nak: () => calls.push(`nak ${id}`),
        term: () => calls.push(`term ${id}`),
      }) as unknown as Delivery;
    const source = new Subject<Delivery>();
    const subscription = mergeLanes({ high: source }, { credit: 1 }).subscribe();
    for (const id of ['a', 'b', 'c']) source.next(delivery(id));
    expect(calls).toEqual([]);
    subscription.unsubscribe();

    expect(calls.toSorted()).toEqual(['nak b', 'nak c']);
  });

  it('names itself when more values wait than may', () => {
    let failure: unknown;
    const source = new Subject<number>();
    mergeLanes({ low: source }, { credit: 1, capacity: 1 }).subscribe({
      error: (error) => (failure = error),
    });
    for (const n of [1, 2, 3]) source.next(n);

    expect(String(failure)).toContain('mergeLanes already holds capacity = 1 values');
  });
});
