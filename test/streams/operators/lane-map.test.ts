import { EMPTY, finalize, mergeMap, NEVER, of, Subject, throwError, type ObservableInput } from 'rxjs';
import { createVirtualClock } from 'breakwater/testing';
import { laneMap, type FailedValue, type LaneMapOptions, type Priority } from 'breakwater/streams';
import { describe, expect, it } from 'vitest';
import { marbles } from '../../support/flow-cases.ts';
import { aMillion } from '../../support/a-million.ts';

interface Job {
  readonly n: number;
  readonly priority: Priority;
  readonly key?: string;
}

describe('laneMap', () => {
  it('does what mergeMap does, where no lane differs', () => {
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const inner = cold('  --x-y|');
      const source = hot('-a-bc----|');
      const results = source.pipe(laneMap(() => inner, { concurrency: 2 }));
      expectObservable(results).toEqual(source.pipe(mergeMap(() => inner, 2)));
      const expected = ['-^----!', '---^----!', '------^----!'];
      expectSubscriptions(inner.subscriptions).toBe(expected.flatMap((log) => [log, log]));
    });
  });

  it('waits for running and waiting values when the source has completed', () => {
    marbles(({ cold, expectObservable }) => {
      const results = cold('(ab|)').pipe(laneMap((x) => cold('--x|', { x }), { concurrency: 1 }));
      expectObservable(results).toBe('--a--b|');
    });
  });

  it('ends with the first error, of the source or an inner stream, and leaves the rest', () => {
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const slow = cold('----------|');
      const inners: Record<string, ObservableInput<string>> = { a: slow, b: cold('--#'), c: NEVER };
      const source = hot('-a-b-c--|');
      const results = source.pipe(laneMap((name) => inners[name] ?? EMPTY, { concurrency: 2 }));
      expectObservable(results).toBe('-----#');
      expectSubscriptions(slow.subscriptions).toBe('-^---!');
      expectSubscriptions(source.subscriptions).toBe('^----!');
      expectObservable(hot('-a-#').pipe(laneMap(() => NEVER, { concurrency: 1 }))).toBe('---#');
    });
  });

  it('leaves running inner streams when it is left, and starts none of those that wait', () => {
    const started: number[] = [];
    const running = new Subject<number>();
    const subscription = of(1, 2, 3)
      .pipe(laneMap((n) => (started.push(n), running), { concurrency: 2 }))
      .subscribe();
    expect([started, running.observed]).toEqual([[1, 2], true]);
    subscription.unsubscribe();
    expect([started, running.observed]).toEqual([[1, 2], false]);
  });

  it('finishes one inner stream, its teardown included, before it starts the next', () => {
    const log: string[] = [];
    const inner = new Subject<number>();
    of('a', 'b')
      .pipe(
        laneMap(
          (name) => {
            log.push(`start ${name}`);
            return inner.pipe(finalize(() => log.push(`end ${name}`)));
          },
          { concurrency: 1 },
        ),
      )
      .subscribe();
    inner.complete();
    expect(log).toEqual(['start a', 'end a', 'start b', 'end b']);
  });

  it('takes promises, and ends with the first that is rejected', async () => {
    const seen: unknown[] = [];
    of(1, 2, 3)
      .pipe(laneMap(async (n) => (n === 3 ? Promise.reject(new Error('three')) : n * 2), { concurrency: 1 }))
      .subscribe({ next: (n) => seen.push(n), error: (error: Error) => seen.push(error.message) });
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    expect(seen).toEqual([2, 4, 'three']);
  });

  it('lets nothing of a promise that comes after it was left show', async () => {
    const seen: unknown[] = [];
    const subscription = of(1, 2)
      .pipe(
        laneMap(async (n) => (n === 2 ? Promise.reject(new Error('two')) : n), {
          errors: { next: (failed) => seen.push(failed) },
        }),
      )
      .subscribe((n) => seen.push(n));
    subscription.unsubscribe();
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    expect(seen).toEqual([]);
  });

  it('completes when its own consumer ends the source', () => {
    const source = new Subject<number>();
    let completed = false;
    source
      .pipe(laneMap((n) => of(n)))
      .subscribe({ next: () => source.complete(), complete: () => (completed = true) });
    source.next(1);
    expect(completed).toBe(true);
  });

  it('hands failed values to errors, and goes on', async () => {
    const failed: FailedValue<number>[] = [];
    const seen: number[] = [];
    let completed = false;
    of(1, 2, 3, 4, 5, 6)
      .pipe(
        laneMap(
          (n): ObservableInput<number> => {
            if (n === 1) throw new Error('thrown');
            if (n === 2) return throwError(() => new Error('failed'));
            if (n === 3) return Promise.reject(new Error('rejected'));
            return n === 5 ? ('x' as unknown as ObservableInput<number>) : of(n);
          },
          {
            concurrency: 1,
            errors: { next: (one) => failed.push(one) },
            priority: (n) => (n === 6 ? ('huge' as Priority) : 'normal'),
          },
        ),
      )
      .subscribe({ next: (n) => seen.push(n), complete: () => (completed = true) });
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    expect(failed.map(({ value }) => value)).toEqual([1, 2, 6, 3]);
    expect(seen).toEqual([4, 'x']);
    expect(completed).toBe(true);
  });

  it('fails with what a selector throws, whether or not the value would wait', () => {
    const failures: string[] = [];
    const fail = (options: LaneMapOptions<number>) =>
      of(1)
        .pipe(laneMap(() => NEVER, options))
        .subscribe({ error: (error: Error) => failures.push(error.message) });
    fail({ priority: () => 'soon' as Priority });
    fail({ order: 'key', key: () => 3 as unknown as string });
    expect(failures).toEqual([
      'priority must be one of critical (or urgent), high, normal, low; got "soon"',
      'the key of a value must be a string or undefined, got 3',
    ]);
  });

  it('fails when more than capacity values wait', () => {
    let failure: unknown;
    of(1, 2, 3, 4)
      .pipe(laneMap(() => NEVER, { concurrency: 1, capacity: 2 }))
      .subscribe({ error: (error: unknown) => (failure = error) });
    expect(failure).toMatchObject({
      code: 'ERR_QUEUE_FULL',
      message: expect.stringMatching(/laneMap already holds capacity = 2 values/) as string,
    });
  });

  it.each([
    ['drop-newest', [4, 5]],
    ['drop-oldest', [2, 3]],
    ['drop-lowest', [3, 5]],
  ] as const)('drops as %s says, to the dropped output', (overflow, expected) => {
    const dropped: number[] = [];
    const lanes: Record<number, Priority> = { 1: 'low', 2: 'high', 3: 'low', 4: 'critical', 5: 'low' };
    of(1, 2, 3, 4, 5)
      .pipe(
        laneMap(() => NEVER, {
          concurrency: 1,
          capacity: 2,
          overflow,
          priority: (n) => lanes[n] ?? 'normal',
          dropped: { next: (n) => dropped.push(n) },
        }),
      )
      .subscribe();
    expect(dropped).toEqual(expected);
  });

  it('lifts what has waited long, with strategy aged', () => {
    const clock = createVirtualClock({ now: 0 });
    const source = new Subject<Job>();
    const first = new Subject<number>();
    const started: number[] = [];
    source
      .pipe(
        laneMap(({ n }) => (started.push(n), n === 0 ? first : of(n)), {
          concurrency: 1,
          strategy: 'aged',
          agingMs: 100,
          clock,
        }),
      )
      .subscribe();
    source.next({ n: 0, priority: 'normal' });
    source.next({ n: 1, priority: 'low' });
    clock.advanceBySync(250);
    source.next({ n: 2, priority: 'normal' });
    first.complete();
    expect(started).toEqual([0, 1, 2]);
  });

  it('starts no more than a slow consumer leaves room for, one that feeds it included', () => {
    const source = new Subject<number>();
    const seen: number[] = [];
    source.pipe(laneMap((n) => of(n), { concurrency: 2 })).subscribe((n) => {
      seen.push(n);
      if (n < aMillion) source.next(n + 1);
    });
    source.next(1);
    expect(seen).toHaveLength(aMillion);
  });

  it.each([
    [{ concurrency: 0 }, /concurrency must be a whole number of at least 1, or Infinity, got 0/],
    [{ capacity: 0 }, /capacity must be an integer of at least 1/],
    [
      { overflow: 'block' },
      /overflow must be one of fail, drop-newest, drop-oldest, drop-lowest; got "block"/,
    ],
    [{ overflow: 'drop-oldest' }, /overflow 'drop-oldest' needs a dropped output/],
    [{ strategy: 'aged' }, /strategy 'aged' needs a clock/],
    [{ order: 'some' }, /order must be one of none, key, total/],
    [{ weights: [0, 1, 1, 1] }, /weights must be/],
  ])('refuses %j when it is made', (options, message) => {
    expect(() => laneMap(() => EMPTY, options as object)).toThrow(message);
  });
});
