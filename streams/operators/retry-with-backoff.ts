import { type MonoTypeOperatorFunction, Observable, Subscriber } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import type { Clock, TimerHandle } from '../event/clock.ts';
import type { Random } from '../event/random.ts';
import { backoff, type BackoffOptions } from './backoff.ts';
import { checkLimit } from './check-number.ts';
import type { SideOutput } from './side-output.ts';

/** A failure of a source that is going to be tried again. */
export interface RetryNotice {
  readonly error: unknown;
  /** Which try failed; 1 for the first. */
  readonly attempt: number;
  /** Milliseconds until the next one. */
  readonly delayMs: number;
}

export interface RetryWithBackoffOptions extends BackoffOptions {
  /** How often the source is subscribed to in all, the first time included. Default `3`. */
  readonly maxAttempts?: number;
  /** Whether a value counts as success, so that counting starts anew. Default `false`. */
  readonly resetOnValue?: boolean;
  /** Whether an error may pass. Default: unless its `retryable` says `false`, as with a FatalError. */
  readonly retryable?: (error: unknown) => boolean;
  /** Waits between tries. */
  readonly clock: Clock;
  /** Spreads the waits. */
  readonly random: Random;
  /** Takes a notice of each failure that is tried again. */
  readonly retries?: SideOutput<RetryNotice>;
}

/** Timers of the platform hold 31 bits. */
const longestMs = 2_147_483_647;

const names: OptionNames<RetryWithBackoffOptions> = {
  maxAttempts: true,
  resetOnValue: true,
  retryable: 'function',
  clock: true,
  random: 'function',
  retries: 'output',
  baseMs: true,
  factor: true,
  maxMs: true,
  jitter: true,
};

/**
 * Emits what the source emits, and subscribes to it again, after a growing delay, when it fails.
 *
 * What it emitted before it failed has passed already. An error that cannot pass, and the last one of
 * `maxAttempts`, ends the stream. `retryAfterMs` of a RetryableError takes the place of the backoff. Every
 * wait goes through the clock, so a source that fails at once does not recurse.
 *
 * @throws RangeError when an option is out of range.
 * @example
 * ```ts
 * let tries = 0;
 * const source = defer(() => ((tries += 1) < 3 ? throwError(() => new Error('busy')) : of('done')));
 * source.pipe(retryWithBackoff({ clock: createSystemClock(), random: Math.random, baseMs: 1 })); // => 'done'
 * ```
 */
export function retryWithBackoff<T>(options: RetryWithBackoffOptions): MonoTypeOperatorFunction<T> {
  checkOptions('retryWithBackoff', options, names);
  const { maxAttempts = 3, resetOnValue = false, retryable = mayPass, clock, random, retries } = options;
  checkLimit('maxAttempts', maxAttempts, 1);
  const delayOf = backoff(options);

  return (source) =>
    new Observable((output: Subscriber<T>) => {
      let attempt = 1;
      let timer: TimerHandle;
      const passed = resetOnValue ? () => (attempt = 1) : undefined;

      function retry(error: unknown): void {
        if (attempt >= maxAttempts || !retryable(error)) {
          output.error(error);
          return;
        }
        const delayMs = askedDelay(error) ?? delayOf(attempt, random);
        retries?.next({ error, attempt, delayMs });
        attempt += 1;
        timer = clock.setTimeout(connect, delayMs);
      }

      function connect(): void {
        source.subscribe(new RetriedInput(output, retry, passed));
      }

      output.add(() => clock.clearTimeout(timer));
      connect();
    });
}

/** One subscription to the source. It closes with the output, but its failure does not close the output. */
class RetriedInput<T> extends Subscriber<T> {
  readonly #output: Subscriber<T>;
  readonly #failed: (error: unknown) => void;
  readonly #passed: (() => void) | undefined;

  constructor(output: Subscriber<T>, failed: (error: unknown) => void, passed: (() => void) | undefined) {
    super(output);
    this.#output = output;
    this.#failed = failed;
    this.#passed = passed;
  }

  protected override _next(value: T): void {
    this.#passed?.();
    this.#output.next(value);
  }

  protected override _error(error: unknown): void {
    this.unsubscribe();
    try {
      this.#failed(error);
    } catch (thrown) {
      this.#output.error(thrown);
    }
  }
}

function mayPass(error: unknown): boolean {
  return property(error, 'retryable') !== false;
}

function askedDelay(error: unknown): number | undefined {
  const asked = property(error, 'code') === 'ERR_RETRYABLE' ? property(error, 'retryAfterMs') : undefined;
  return typeof asked === 'number' && asked >= 0 ? Math.min(asked, longestMs) : undefined;
}

/** What fails throws what it likes, nothing, and getters and proxies that throw, among it. */
function property(value: unknown, name: string): unknown {
  try {
    return (value as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}
