import { checkLimit } from './check-number.ts';

/** How many calls may run at one time, where that is learnt from the calls themselves. */
export interface ConcurrencyLimit {
  /** How many may run now: a whole number of at least 1. */
  readonly limit: number;
  /** A call starts. What it gives is handed to `ended`. */
  started(): number;
  /** A call has ended, `running` calls running before that. May change `limit`. Must not throw. */
  ended(startedAt: number, running: number, failed: boolean): void;
}

/** A fixed number, or what makes a limit for each subscription: see `adaptiveConcurrency`. */
export type Concurrency = number | (() => ConcurrencyLimit);

/**
 * Checks a `concurrency` option and gives what makes the limit of one subscription.
 *
 * @throws RangeError naming the option and the value.
 */
export function resolveConcurrency(concurrency: Concurrency): () => ConcurrencyLimit {
  if (typeof concurrency === 'function') return concurrency;
  checkLimit('concurrency', concurrency, 1);
  return () => new FixedLimit(concurrency);
}

class FixedLimit implements ConcurrencyLimit {
  readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  started(): number {
    return 0;
  }

  ended(): void {}
}
