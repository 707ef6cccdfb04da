import type { Observable, OperatorFunction } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import type { Clock } from '../event/clock.ts';
import { describeValue } from '../event/describe-value.ts';
import { TokenBucket, type TokenBucketOptions } from '../queue/token-bucket.ts';
import { checkLimit } from './check-number.ts';
import { runFlow } from './flow-stage.ts';
import { RateLimiter } from './rate-limiter.ts';
import type { FailedValue, SideOutput } from './side-output.ts';

export interface RateLimitStreamOptions<T> extends TokenBucketOptions {
  /** Counts the time. */
  readonly clock: Clock;
  /** Each key has a rate of its own. Default: one for all. */
  readonly key?: (value: NoInfer<T>) => unknown;
  /** New rates, for all keys; a `burst` that is not given follows. */
  readonly rates?: Observable<number>;
  /** What a value does that comes too early: `'wait'` (default), in order, or `'drop'` to the `dropped` output. */
  readonly whenLimited?: 'wait' | 'drop';
  /** How many values may wait, all keys together. Default `100_000`. */
  readonly capacity?: number;
  /** How many keys may be known at once; those whose bucket is full again are forgotten. Default `100_000`. */
  readonly maxKeys?: number;
  /** Takes values that came too early (`'drop'`), and those beyond `capacity` or `maxKeys`. */
  readonly dropped?: SideOutput<T>;
  /** Takes values for which `key` threw. Without it, such a value ends the stream. */
  readonly errors?: SideOutput<FailedValue<NoInfer<T>>>;
}

const names: OptionNames<RateLimitStreamOptions<unknown>> = {
  ratePerSecond: true,
  burst: true,
  clock: true,
  key: 'function',
  rates: true,
  whenLimited: true,
  capacity: true,
  maxKeys: true,
  dropped: 'output',
  errors: 'output',
};

/**
 * Emits values no faster than a token bucket allows: at most `burst + ratePerSecond · t` in any t seconds.
 *
 * Values that wait keep the order of their key. The source completes the stream when nothing waits any
 * more. O(log waiting keys) for a value that waits, O(1) for one that does not; one timer in all.
 *
 * @throws RangeError or TypeError when an option is out of range; from the stream, QueueFullError when
 * `capacity` or `maxKeys` is exceeded and there is no `dropped` output, RangeError for a bad new rate.
 * @example
 * ```ts
 * const dropped = new Subject<number>();
 * of(1, 2, 3).pipe(
 *   rateLimit({ clock: createSystemClock(), ratePerSecond: 1, burst: 2, whenLimited: 'drop', dropped }),
 * ); // => 1, 2
 * ```
 */
export function rateLimit<T>(options: RateLimitStreamOptions<T>): OperatorFunction<T, T> {
  checkOptions('rateLimit', options, names);
  const { ratePerSecond, burst, clock, key, rates, dropped, errors } = options;
  const { whenLimited = 'wait', capacity = 100_000, maxKeys = 100_000 } = options;
  const bucket = burst === undefined ? { ratePerSecond } : { ratePerSecond, burst };
  // Checks both, once for all keys.
  void new TokenBucket(bucket);
  checkLimit('capacity', capacity, 0);
  checkLimit('maxKeys', maxKeys, 1);
  if (whenLimited !== 'wait' && whenLimited !== 'drop') {
    throw new TypeError(`whenLimited must be wait or drop, got ${describeValue(whenLimited)}`);
  }
  if (whenLimited === 'drop' && dropped === undefined) {
    throw new TypeError("whenLimited 'drop' needs a dropped output: no value vanishes unseen");
  }

  return runFlow<T, T>((output) => {
    const limiter = new RateLimiter<T>(
      { bucket, clock, key, capacity: whenLimited === 'drop' ? 0 : capacity, maxKeys, dropped, errors },
      output,
    );
    const following = rates?.subscribe({
      next(rate) {
        try {
          limiter.setRate(rate);
        } catch (error) {
          output.error(error);
        }
      },
      error: (error: unknown) => output.error(error),
    });
    output.add(following);
    return limiter;
  });
}
