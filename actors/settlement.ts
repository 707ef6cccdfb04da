import { describeValue } from '../streams/event/describe-value.ts';
import type { Random } from '../streams/event/random.ts';
import { backoff, type Backoff, type BackoffOptions } from '../streams/operators/backoff.ts';

/** How often an event is tried, and after which delays. */
export interface RetryPolicyOptions extends BackoffOptions {
  /** How often an event is tried in all, the first time included. Default `3`. */
  readonly maxAttempts?: number;
}

/** How often and when to try again; checked. */
export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly delayMs: Backoff;
}

/** What becomes of an event whose handler has failed. */
export type Decision =
  | { readonly kind: 'retry'; readonly delayMs: number }
  /** `fatal`: no retry can help. `exhausted`: all attempts have failed. */
  | { readonly kind: 'dead-letter'; readonly reason: 'fatal' | 'exhausted' };

/** A failed try. */
export interface FailedTry {
  /** What the handler threw: anything. */
  readonly error: unknown;
  /** 1 for the first try. */
  readonly attempt: number;
  readonly policy: RetryPolicy;
  readonly random: Random;
}

/** Timers of the platform hold 31 bits. */
const longestMs = 2_147_483_647;

/**
 * Checks a retry policy; `false` is one try and no more.
 *
 * @throws RangeError naming option, range and value.
 */
export function retryPolicy(options: RetryPolicyOptions | false = {}): RetryPolicy {
  if (options === false) return { maxAttempts: 1, delayMs: backoff() };
  const { maxAttempts = 3 } = options;
  if (!(maxAttempts >= 1 && (Number.isInteger(maxAttempts) || maxAttempts === Infinity))) {
    throw new RangeError(`maxAttempts must be an integer of at least 1, got ${describeValue(maxAttempts)}`);
  }
  return { maxAttempts, delayMs: backoff(options) };
}

/**
 * Decides what becomes of an event whose handler has failed.
 *
 * A fatal error is never retried, nor is any error of the framework that says `retryable: false`. All else
 * is, up to `maxAttempts`, after the backoff, or after the error's own `retryAfterMs` where it has one.
 * Errors are told by `code`, so that those which crossed a process count too. Never throws, whatever was
 * thrown.
 *
 * @example
 * ```ts
 * const tried = { attempt: 1, policy: retryPolicy({ jitter: 'none' }), random: Math.random };
 * settle({ ...tried, error: new Error('busy') }); // => { kind: 'retry', delayMs: 100 }
 * settle({ ...tried, error: new FatalError('no') }).kind; // => 'dead-letter'
 * ```
 */
export function settle({ error, attempt, policy, random }: FailedTry): Decision {
  const code = property(error, 'code');
  if (code === 'ERR_FATAL' || (typeof code === 'string' && property(error, 'retryable') === false)) {
    return { kind: 'dead-letter', reason: 'fatal' };
  }
  if (attempt >= policy.maxAttempts) return { kind: 'dead-letter', reason: 'exhausted' };
  const asked = code === 'ERR_RETRYABLE' ? property(error, 'retryAfterMs') : undefined;
  const delayMs =
    typeof asked === 'number' && asked >= 0 ? Math.min(asked, longestMs) : policy.delayMs(attempt, random);
  return { kind: 'retry', delayMs };
}

/** Handlers throw what they like, getters and proxies that throw among it. */
function property(value: unknown, name: string): unknown {
  try {
    return (value as Record<string, unknown> | null | undefined)?.[name];
  } catch {
    return undefined;
  }
}
