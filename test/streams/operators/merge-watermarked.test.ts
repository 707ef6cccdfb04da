import { concat, defer, EMPTY, NEVER, of, Subject, take, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { mergeWatermarked, Watermark } from 'breakwater/streams';
import { createVirtualClock } from '../../../src/testing/virtual-clock.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

interface Timed {
  readonly time: number;
}

const at = (time: number): Watermark => new Watermark(time);

describe('mergeWatermarked', () => {
  it('holds the watermark back to the slowest source', () => {
    const [a, b] = [new Subject<Timed | Watermark>(), new Subject<Timed | Watermark>()];
    const seen: (Timed | Watermark)[] = [];
    mergeWatermarked([a, b]).subscribe((item) => seen.push(item));
    a.next({ time: 10 });
    a.next(at(10));
    b.next({ time: 4 });
    b.next(at(4));
    b.next(at(12));
    a.next(at(11));
    b.next(at(8));

    expect(seen).toEqual([{ time: 10 }, { time: 4 }, at(4), at(10), at(11)]);
  });

  it('waits for a source that has said nothing, though another runs ahead at once', () => {
    expect(emissionsOf(mergeWatermarked([of(at(9)), of(at(3))]))).toEqual([at(3)]);
  });

  it('no longer counts a source that has completed, and completes with the last', () => {
    const a = new Subject<Timed | Watermark>();
    const seen: unknown[] = [];
    mergeWatermarked<Timed>([EMPTY, a]).subscribe({
      next: (item) => seen.push(item),
      complete: () => seen.push('end'),
    });
    a.next(at(5));
    a.complete();

    expect(seen).toEqual([at(5), 'end']);
    expect(emissionsOf(mergeWatermarked([]))).toEqual([]);
  });

  it('sets a silent source aside', () => {
    const clock = createVirtualClock();
    const [a, b] = [new Subject<Timed | Watermark>(), new Subject<Timed | Watermark>()];
    const seen: unknown[] = [];
    const subscription = mergeWatermarked([a, b], { idleAfterMs: 100, clock }).subscribe((item) =>
      seen.push(item),
    );
    clock.advanceBySync(90);
    a.next(at(5));
    expect(seen).toEqual([]);
    clock.advanceBySync(10);
    a.next(at(6));
    clock.advanceBySync(100);
    expect(seen).toEqual([at(6)]);
    b.next(at(2));
    a.next(at(9));
    expect(seen).toEqual([at(6)]);
    subscription.unsubscribe();

    expect([clock.pendingTimers, a.observed, b.observed]).toEqual([0, false, false]);
  });

  it('sets no timer where silence means nothing', () => {
    const clock = createVirtualClock();
    const subscription = mergeWatermarked<Timed>([concat(of({ time: 1 }), NEVER)], { clock }).subscribe();

    expect(clock.pendingTimers).toBe(0);
    subscription.unsubscribe();
  });

  it('passes the first error on and lets go of the others', () => {
    const a = new Subject<Timed | Watermark>();
    const error = new Error('the source has failed');
    let seen: unknown;
    mergeWatermarked<Timed>([a, throwError(() => error)]).subscribe({
      error: (caught: unknown) => (seen = caught),
    });

    expect([seen, a.observed]).toEqual([error, false]);
  });

  it('stops a synchronous source once nobody wants more', () => {
    const never = NEVER;
    let pulled = 0;
    function* values(): Generator<Timed> {
      for (;;) {
        pulled += 1;
        yield { time: pulled };
      }
    }
    expect(emissionsOf(mergeWatermarked<Timed>([values(), never]).pipe(take(3)))).toHaveLength(3);
    expect(pulled).toBe(3);
  });

  it('does not subscribe to what nobody wants any more', () => {
    let subscribed = false;
    const second = defer(() => {
      subscribed = true;
      return EMPTY;
    });
    emissionsOf(mergeWatermarked<Timed>([of({ time: 1 }), second]).pipe(take(1)));

    expect(subscribed).toBe(false);
  });

  it.each([
    [{ idleAfterMs: 0, clock: createVirtualClock() }, 'idleAfterMs must be milliseconds, at least 1, got 0'],
    [{ idleAfterMs: 5 }, 'idleAfterMs needs a clock'],
  ])('refuses %o', (options, message) => {
    expect(() => mergeWatermarked([], options)).toThrow(message);
  });
});
