import {
  concatMap,
  EMPTY,
  from,
  map,
  NEVER,
  of,
  range,
  Subject,
  take,
  throwError,
  type OperatorFunction,
} from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { expect, it } from 'vitest';
import { aMillion } from './a-million.ts';

/** Runs marbles that fail by themselves. */
export function marbles(run: Parameters<TestScheduler['run']>[0]): void {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(run);
}

/** What every operator must do that lets all of its input through at once. */
export function passesThrough(create: () => OperatorFunction<number, number>): void {
  it('completes with an empty source, and waits with a silent one', () => {
    marbles(({ expectObservable }) => {
      expectObservable(EMPTY.pipe(create())).toBe('|');
      expectObservable(NEVER.pipe(create())).toBe('-');
    });
  });

  it('emits one value, and many, when they come', () => {
    marbles(({ hot, expectObservable }) => {
      const values = { a: 1, b: 2, c: 3 };
      expectObservable(hot('-a-|', values).pipe(create())).toBe('-a-|', values);
      expectObservable(hot('-a-(bc)-a|', values).pipe(create())).toBe('-a-(bc)-a|', values);
    });
  });

  it('passes an error on', () => {
    marbles(({ hot, expectObservable }) => {
      expectObservable(hot('-a-#', { a: 1 }).pipe(create())).toBe('-a-#', { a: 1 });
      expectObservable(throwError(() => 'error').pipe(create())).toBe('#');
    });
  });

  it('leaves the source when it is left', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('-a-b-c-', { a: 1, b: 2, c: 3 });
      expectObservable(source.pipe(create()), '----!').toBe('-a-b-', { a: 1, b: 2 });
      expectSubscriptions(source.subscriptions).toBe('^---!');
    });
  });

  it('stops a synchronous source that is left amid it', () => {
    let read = 0;
    const source = range(0, aMillion).pipe(map((n) => (read = n)));
    source.pipe(create(), take(3)).subscribe();
    expect(read).toBeLessThan(10);
  });

  it('gives every subscription a state of its own', () => {
    const seen: number[][] = [[], []];
    const shared = of(1, 2, 3).pipe(create());
    for (const list of seen) shared.subscribe((n) => list.push(n));
    expect(seen).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  it('takes a synchronous source of a million values', () => {
    let sum = 0;
    let completed = false;
    range(0, aMillion)
      .pipe(create())
      .subscribe({ next: (n) => (sum += n), complete: () => (completed = true) });
    expect([sum, completed]).toEqual([(aMillion * (aMillion - 1)) / 2, true]);
  });

  it('loses nothing to a slow consumer', () => {
    marbles(({ cold, expectObservable }) => {
      const values = { a: 1, b: 2, c: 3 };
      const slow = cold('(abc|)', values).pipe(
        create(),
        concatMap((n) => cold('--(x|)', { x: n })),
      );
      expectObservable(slow).toBe('--a-b-(c|)', values);
    });
  });

  it('takes values that its consumer sends back to its source', () => {
    const source = new Subject<number>();
    const seen: number[] = [];
    source.pipe(create()).subscribe((n) => {
      seen.push(n);
      if (n % 100 !== 0) source.next(n + 1);
    });
    from([1, 101]).subscribe((n) => source.next(n));
    expect(seen).toHaveLength(200);
  });
}
