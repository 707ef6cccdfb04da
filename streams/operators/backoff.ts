import { describeValue } from '../event/describe-value.ts';
import type { Random } from '../event/random.ts';

/** How delays grow, and how they are spread. */
export interface BackoffOptions {
  /** Milliseconds before the first retry. Default `100`. */
  readonly baseMs?: number;
  /** By how much each delay exceeds the one before. Default `2`. */
  readonly factor?: number;
  /** Milliseconds that no delay exceeds before jitter. Default `30_000`. */
  readonly maxMs?: number;
  /**
   * How delays are spread, so that what failed together does not retry together: `'full'`, anywhere from 0
   * to the delay; `'none'`; or a share *j* from 0 to 1, anywhere from 1 - *j* to 1 + *j* times the delay.
   * Default `'full'`.
   */
  readonly jitter?: 'full' | 'none' | number;
}

/** Milliseconds to wait before retry number `retry`; the first retry is number 1. */
export type Backoff = (retry: number, random: Random) => number;

/**
 * Creates an exponential backoff: `baseMs × factor^(retry - 1)`, at most `maxMs`, spread by `jitter`.
 *
 * Never overflows, however large the retry. Draws from `random` once a delay, not at all for `'none'`.
 *
 * @throws RangeError when an option is out of range.
 * @example
 * ```ts
 * const delay = backoff({ baseMs: 100, jitter: 'none' });
 * [1, 2, 3, 10_000].map((retry) => delay(retry, Math.random)); // => [100, 200, 400, 30_000]
 * ```
 */
export function backoff(options: BackoffOptions = {}): Backoff {
  const { baseMs = 100, factor = 2, maxMs = 30_000, jitter = 'full' } = options;
  checkMilliseconds('baseMs', baseMs);
  checkMilliseconds('maxMs', maxMs);
  if (!(typeof factor === 'number' && factor >= 1 && factor < Infinity)) {
    throw new RangeError(`factor must be a finite number of at least 1, got ${describeValue(factor)}`);
  }
  if (jitter !== 'full' && jitter !== 'none' && !(typeof jitter === 'number' && jitter >= 0 && jitter <= 1)) {
    throw new RangeError(
      `jitter must be 'full', 'none' or a share from 0 to 1, got ${describeValue(jitter)}`,
    );
  }

  return function delayMs(retry, random) {
    const delay = exponentialDelay(baseMs, factor, maxMs, retry);
    if (jitter === 'none') return delay;
    if (jitter === 'full') return delay * random();
    return delay * (1 - jitter + 2 * jitter * random());
  };
}

/** `baseMs × factor^(retry - 1)`, at most `maxMs`, without overflow: the first retry is number 1. O(1). */
export function exponentialDelay(baseMs: number, factor: number, maxMs: number, retry: number): number {
  // The power may well be infinite; 0 times that would be no number.
  return baseMs === 0 ? 0 : Math.min(maxMs, baseMs * factor ** (retry - 1));
}

function checkMilliseconds(name: string, value: number): void {
  if (!(typeof value === 'number' && value >= 0 && value <= 2_147_483_647)) {
    throw new RangeError(
      `${name} must be a number of milliseconds from 0 to 2147483647, got ${describeValue(value)}`,
    );
  }
}
