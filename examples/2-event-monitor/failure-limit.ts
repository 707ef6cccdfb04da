import { hasCode, type Clock, type Outcome } from 'breakwater';

/** When a handler is given up. */
export interface FailureLimit {
  readonly maxFailures: number;
  /** Milliseconds for which a failure counts. */
  readonly withinMs: number;
}

/** Decides, outcome by outcome, whether a handler has failed for good: fatally, or too often. */
export function createFailureLimit({ maxFailures, withinMs }: FailureLimit, clock: Clock) {
  let failures: number[] = [];

  return function hasFailedForGood({ status, error }: Outcome): boolean {
    if (status !== 'failed' && status !== 'timed-out') return false;
    const now = clock.monotonic();
    failures = [...failures.filter((time) => now - time < withinMs), now];
    return failures.length >= maxFailures || hasCode(error, 'ERR_FATAL');
  };
}
