import {
  concatMap,
  EMPTY,
  from,
  map,
  NEVER,
  type Observable,
  type OperatorFunction,
  range,
  Subject,
  take,
  tap,
  throwError,
} from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { expect, it } from 'vitest';
import { Watermark } from 'breakwater/streams';
import { aMillion } from './a-million.ts';

/** A value as most operators need it. */
export interface Timed {
  readonly time: number;
  readonly key: string;
}

export interface ContractOptions {
  /** Emits something for `{ time: 1 }` when the watermark has come to 1 000 000. */
  readonly operator: () => OperatorFunction<Timed | Watermark, unknown>;
  /** Emissions of an empty source. Default `0`. */
  readonly ofNothing?: number;
}

/** Runs a body in virtual time, with marbles. */
export function marbles(body: Parameters<TestScheduler['run']>[0]): void {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(body);
}

/** Registers what holds for every operator of event time, whatever it computes. */
export function itIsAnOperator({ operator, ofNothing = 0 }: ContractOptions): void {
  const value: Timed = { time: 1, key: 'a' };
  const mark = new Watermark(1_000_000);

  function collectFrom(source: Observable<Timed | Watermark>): unknown[] {
    const emitted: unknown[] = [];
    source.pipe(operator()).subscribe({ next: (item) => emitted.push(item), error: (e) => emitted.push(e) });
    return emitted;
  }

  it('completes with an empty source', () => {
    let completed = false;
    const emitted: unknown[] = [];
    EMPTY.pipe(operator()).subscribe({
      next: (item) => emitted.push(item),
      complete: () => (completed = true),
    });

    expect([emitted.length, completed]).toEqual([ofNothing, true]);
  });

  it('is silent with a source that never emits', () => {
    marbles(({ expectObservable }) => {
      expectObservable(NEVER.pipe(operator())).toBe('-');
    });
  });

  it('emits for one value, and for many, what it emits for them when they come at once', () => {
    const items = { a: value, b: { time: 2, key: 'b' }, c: { time: 3, key: 'a' }, w: mark };
    for (const frames of ['--a--w--|', '-ab-(cbw)-|']) {
      const emitted: unknown[] = [];
      marbles(({ hot }) => {
        hot<Timed | Watermark>(frames, items)
          .pipe(operator())
          .subscribe((item) => emitted.push(item));
      });
      const letters = frames.match(/[a-z]/gu) ?? [];
      const atOnce = collectFrom(from(letters.map((letter) => items[letter as keyof typeof items])));

      expect(emitted.length).toBeGreaterThan(0);
      expect(emitted).toEqual(atOnce);
    }
  });

  it('passes an error on, and nothing after it', () => {
    const error = new Error('the source has failed');
    const source = new Subject<Timed | Watermark>();
    const emitted = collectFrom(source);
    source.next(value);
    source.error(error);

    expect(emitted.at(-1)).toBe(error);
    expect(collectFrom(throwError(() => error))).toEqual([error]);
  });

  it('lets go of its source when it is unsubscribed', () => {
    const source = new Subject<Timed | Watermark>();
    const subscription = source.pipe(operator()).subscribe();
    source.next(value);
    subscription.unsubscribe();

    expect(source.observed).toBe(false);
  });

  it('stops a synchronous source once nobody wants more', () => {
    let pulled = 0;
    range(1, 1_000)
      .pipe(
        tap(() => (pulled += 1)),
        map((n) => (n % 2 === 1 ? { time: n * 100_000, key: 'a' } : new Watermark(n * 100_000))),
        operator(),
        take(1),
      )
      .subscribe();

    expect(pulled).toBeLessThanOrEqual(ofNothing > 0 ? 1_000 : 20);
  });

  it('gives every subscription a state of its own', () => {
    const source = new Subject<Timed | Watermark>();
    const shared = operator();
    const [first, second]: [unknown[], unknown[]] = [[], []];
    source.pipe(shared).subscribe((item) => first.push(item));
    source.next(value);
    source.pipe(shared).subscribe((item) => second.push(item));
    source.next(mark);
    source.complete();

    const alone = (items: (Timed | Watermark)[]): unknown[] => {
      const replayed = new Subject<Timed | Watermark>();
      const emitted = collectFrom(replayed);
      for (const item of items) replayed.next(item);
      replayed.complete();
      return emitted;
    };
    expect(first).toEqual(alone([value, mark]));
    expect(second).toEqual(alone([mark]));
  });

  it('takes a million values from a synchronous source', { timeout: 60_000 }, () => {
    let emitted = 0;
    let failed: unknown;
    range(0, aMillion)
      .pipe(
        map((n): Timed | Watermark => (n % 100 === 99 ? new Watermark(n) : { time: n, key: `${n % 10}` })),
        operator(),
      )
      .subscribe({ next: () => (emitted += 1), error: (error: unknown) => (failed = error) });

    expect(failed).toBeUndefined();
    expect(emitted).toBeGreaterThan(0);
  });

  it('loses nothing to a slow consumer', () => {
    marbles(({ cold, flush }) => {
      let [emitted, consumed] = [0, 0];
      cold('(abw|)', { a: value, b: { time: 2, key: 'a' }, w: mark })
        .pipe(
          operator(),
          tap(() => (emitted += 1)),
          concatMap((item) => cold('---(x|)', { x: item })),
        )
        .subscribe(() => (consumed += 1));
      flush();

      expect(emitted).toBeGreaterThan(0);
      expect(consumed).toBe(emitted);
    });
  });
}
