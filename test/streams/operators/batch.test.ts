import fc from 'fast-check';
import { concatAll, from, Subject } from 'rxjs';
import { batch, type BatchOptions } from 'breakwater/streams';
import { createVirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import { marbles } from '../../support/flow-cases.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

/** A source to feed by hand, and the batches of it. */
function feed(options: BatchOptions<number>) {
  const clock = createVirtualClock({ now: 0 });
  const source = new Subject<number>();
  const batches: (readonly number[])[] = [];
  let ended: unknown = 'no';
  const subscription = source.pipe(batch({ ...options, clock })).subscribe({
    next: (values) => batches.push(values),
    error: (error: unknown) => (ended = error),
    complete: () => (ended = 'completed'),
  });
  return { clock, source, batches, subscription, ended: () => ended };
}

describe('batch', () => {
  it('waits from the first value of each batch, not from others before it', () => {
    const clock = createVirtualClock();
    const source = new Subject<string>();
    const seen: unknown[] = [];
    source
      .pipe(batch({ clock, maxWaitMs: 10, maxCount: 9 }))
      .subscribe((values) => seen.push([clock.monotonic(), values.join(' ')]));
    for (const [value, passMs] of [
      ['a', 5],
      ['b', 6],
      ['c', 20],
    ] as const) {
      source.next(value);
      clock.advanceBySync(passMs);
    }
    expect(seen).toEqual([
      [10, 'a b'],
      [21, 'c'],
    ]);
  });

  it('loses, repeats and reorders nothing; no batch is empty or above a bound', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(50)),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 100 }),
        (values, maxCount, maxBytes) => {
          const options: BatchOptions<number> = { maxCount, maxBytes, sizeOf: (n) => n };
          expect(emissionsOf(from(values).pipe(batch(options), concatAll()))).toEqual(values);
          for (const one of emissionsOf(from(values).pipe(batch(options)))) {
            expect(one.length).toBeGreaterThan(0);
            expect(one.length).toBeLessThanOrEqual(maxCount);
            const bytes = one.reduce((sum, n) => sum + n, 0);
            expect(bytes <= maxBytes || one.length === 1).toBe(true);
          }
        },
      ),
    );
  });

  it('emits a batch as soon as it is full by count, the rest at the end', () => {
    marbles(({ hot, expectObservable }) => {
      const batches = hot('-a-b-c-|').pipe(batch({ maxCount: 2 }));
      expectObservable(batches).toBe('---x---(y|)', { x: ['a', 'b'], y: ['c'] });
    });
  });

  it('emits what it has before an error', () => {
    marbles(({ hot, expectObservable }) => {
      expectObservable(hot('-a-#').pipe(batch())).toBe('---(x#)', { x: ['a'] });
    });
  });

  it('closes a batch before a value that would be too much, and gives a huge one its own', () => {
    expect(emissionsOf(from([4, 4, 4, 99, 1, 9, 0]).pipe(batch({ maxBytes: 10, sizeOf: (n) => n })))).toEqual(
      [[4, 4], [4], [99], [1, 9], [0]],
    );
  });

  it('lets the first value of a batch wait for maxWaitMs, not the later ones', () => {
    const { clock, source, batches } = feed({ maxWaitMs: 100 });
    clock.advanceBySync(500);
    source.next(1);
    clock.advanceBySync(60);
    source.next(2);
    clock.advanceBySync(39);
    expect(batches).toEqual([]);
    clock.advanceBySync(1);
    expect(batches).toEqual([[1, 2]]);
    clock.advanceBySync(1_000);
    expect(batches).toHaveLength(1);
    source.next(3);
    clock.advanceBySync(100);
    expect(batches).toEqual([[1, 2], [3]]);
  });

  it('starts the wait anew after a batch that was full', () => {
    const { clock, source, batches } = feed({ maxWaitMs: 100, maxCount: 2 });
    source.next(1);
    clock.advanceBySync(90);
    source.next(2);
    source.next(3);
    clock.advanceBySync(99);
    expect(batches).toEqual([[1, 2]]);
    clock.advanceBySync(1);
    expect(batches).toEqual([[1, 2], [3]]);
  });

  it('leaves no timer behind, however it ends', () => {
    const left = feed({ maxWaitMs: 100 });
    left.source.next(1);
    left.subscription.unsubscribe();
    const completed = feed({ maxWaitMs: 100 });
    completed.source.next(1);
    completed.source.complete();
    const failed = feed({ maxWaitMs: 100 });
    failed.source.next(1);
    failed.source.error('broken');
    expect([left, completed, failed].map(({ clock }) => clock.pendingTimers)).toEqual([0, 0, 0]);
    expect([completed.ended(), failed.ended()]).toEqual(['completed', 'broken']);
    expect(left.batches).toEqual([]);
  });

  it('fails for a size that is none', () => {
    expect(() => emissionsOf(from([1]).pipe(batch({ maxBytes: 3, sizeOf: () => NaN })))).toThrow(
      'sizeOf must give bytes, 0 or more, got NaN',
    );
  });

  it.each([
    [{ maxCount: 0 }, /maxCount must be a whole number of at least 1/],
    [{ maxBytes: 0, sizeOf: () => 1 }, /maxBytes must be a whole number of at least 1/],
    [{ maxBytes: 5 }, /maxBytes needs sizeOf/],
    [{ maxWaitMs: 5 }, /maxWaitMs needs a clock/],
    [{ maxWaitMs: -1 }, /maxWaitMs must be milliseconds, at least 0, got -1/],
  ])('refuses %j', (options, message) => {
    expect(() => batch(options)).toThrow(message);
  });
});
