import { concat, defer, NEVER, of, Subject, throwError, type Observable } from 'rxjs';
import {
  FatalError,
  RetryableError,
  retryWithBackoff,
  type RetryNotice,
  type RetryWithBackoffOptions,
} from 'breakwater/streams';
import { createVirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';

const steady = { jitter: 'none', baseMs: 100 } as const;

/** Follows the tries of a source. */
function follow<T>(
  source: (attempt: number) => Observable<T>,
  options: Partial<RetryWithBackoffOptions> = {},
) {
  const clock = createVirtualClock({ now: 0 });
  const tries: number[] = [];
  const seen: T[] = [];
  const notices: RetryNotice[] = [];
  let ended: unknown = 'no';
  const subscription = defer(() => {
    tries.push(clock.monotonic());
    return source(tries.length);
  })
    .pipe(
      retryWithBackoff<T>({
        ...steady,
        ...options,
        clock,
        random: () => 0.5,
        retries: { next: (notice) => notices.push(notice) },
      }),
    )
    .subscribe({
      next: (value) => seen.push(value),
      error: (error: unknown) => (ended = error),
      complete: () => (ended = 'completed'),
    });
  return { clock, tries, seen, notices, subscription, ended: () => ended };
}

describe('retryWithBackoff', () => {
  it('subscribes again after delays that double, until the source completes', () => {
    const { clock, tries, seen, notices, ended } = follow(
      (attempt) => (attempt < 4 ? throwError(() => attempt) : of('done')),
      { maxAttempts: 4 },
    );
    clock.advanceBySync(10_000);
    expect(tries).toEqual([0, 100, 300, 700]);
    expect([seen, ended()]).toEqual([['done'], 'completed']);
    expect(notices).toEqual([
      { error: 1, attempt: 1, delayMs: 100 },
      { error: 2, attempt: 2, delayMs: 200 },
      { error: 3, attempt: 3, delayMs: 400 },
    ]);
  });

  it('fails with the last error after maxAttempts tries', () => {
    const { clock, tries, notices, ended } = follow((attempt) => throwError(() => attempt));
    clock.advanceBySync(10_000);
    expect([tries.length, notices.length, ended()]).toEqual([3, 2, 3]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not retry what cannot pass', () => {
    const fatal = new FatalError('no');
    expect(follow(() => throwError(() => fatal)).ended()).toBe(fatal);
    const busy = follow(() => throwError(() => 'busy'), { retryable: (error) => error !== 'busy' });
    expect(busy.ended()).toBe('busy');
    const throwing = follow(() => throwError(() => 'busy'), {
      retryable: () => {
        throw new Error('cannot tell');
      },
    });
    expect(throwing.ended()).toMatchObject({ message: 'cannot tell' });
  });

  it('waits as long as the error asks for', () => {
    const { clock, tries } = follow(() =>
      throwError(() => new RetryableError('later', { retryAfterMs: 5_000 })),
    );
    clock.advanceBySync(5_000);
    expect(tries).toEqual([0, 5_000]);
  });

  it('waits as ever where what was thrown only looks as if it asked', () => {
    const code = 'ERR_RETRYABLE';
    const lookalikes = [
      { retryAfterMs: 5 },
      ...[-5, Number.NaN, '5', null].map((retryAfterMs) => ({ code, retryAfterMs })),
    ];
    for (const lookalike of lookalikes) {
      const { clock, tries } = follow(() => throwError(() => lookalike));
      clock.advanceBySync(100);
      expect(tries).toEqual([0, 100]);
    }
  });

  it('tries again at once where the error asks for that', () => {
    const { clock, tries } = follow(() => throwError(() => new RetryableError('now', { retryAfterMs: 0 })));
    clock.advanceBySync(0);
    expect(tries).toEqual([0, 0, 0]);
  });

  it.each([[undefined], [null], ['busy'], [7], [() => 'busy']])('retries %j, thrown', (thrown) => {
    const { clock, tries } = follow(() => throwError(() => thrown));
    clock.advanceBySync(1_000);
    expect(tries).toHaveLength(3);
  });

  it('counts all tries by default, whatever came before they failed', () => {
    const { clock, seen, tries } = follow((attempt) =>
      concat(
        of(attempt),
        throwError(() => 'lost'),
      ),
    );
    clock.advanceBySync(10_000);
    expect([seen, tries.length]).toEqual([[1, 2, 3], 3]);
  });

  it('needs nobody who takes notices', () => {
    const clock = createVirtualClock();
    let tries = 0;
    const source = defer(() => ((tries += 1) < 2 ? throwError(() => 'busy') : of('done')));
    const seen: string[] = [];
    source
      .pipe(retryWithBackoff({ ...steady, clock, random: () => 0 }))
      .subscribe((value) => seen.push(value));
    clock.advanceBySync(100);
    expect(seen).toEqual(['done']);
  });

  it('retries whatever was thrown, a proxy that throws included', () => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error('got');
        },
      },
    );
    const { clock, tries } = follow((attempt) => throwError(() => (attempt === 1 ? hostile : null)));
    clock.advanceBySync(1_000);
    expect(tries).toHaveLength(3);
  });

  it('counts anew after a value, where asked', () => {
    const sources: Subject<number>[] = [];
    const { clock, ended } = follow(
      () => {
        const source = new Subject<number>();
        sources.push(source);
        return source;
      },
      { maxAttempts: 2, resetOnValue: true },
    );
    for (let at = 0; at < 5; at += 1) {
      sources[at]?.next(at);
      sources[at]?.error('lost');
      clock.advanceBySync(100);
    }
    expect([sources.length, ended()]).toEqual([6, 'no']);
    sources[5]?.error('lost for good');
    expect(ended()).toBe('lost for good');
  });

  it('takes a source that fails at once a hundred thousand times', () => {
    const { clock, tries, ended } = follow((attempt) => throwError(() => attempt), {
      maxAttempts: 100_000,
      baseMs: 0,
    });
    clock.advanceBySync(0);
    expect([tries.length, ended()]).toEqual([100_000, 100_000]);
  });

  it('leaves the source, and cancels the wait, when it is left', () => {
    const running = follow(() => NEVER);
    running.subscription.unsubscribe();
    const waiting = follow(() => throwError(() => 'busy'));
    waiting.subscription.unsubscribe();
    waiting.clock.advanceBySync(1_000);
    expect([waiting.tries.length, waiting.clock.pendingTimers]).toEqual([1, 0]);
  });

  it.each([
    [{ maxAttempts: 0 }, /maxAttempts must be a whole number of at least 1/],
    [{ baseMs: -1 }, /baseMs must be/],
  ])('refuses %j', (options, message) => {
    expect(() => follow(() => NEVER, options)).toThrow(message);
  });
});
