import { defer, filter, map, type OperatorFunction } from 'rxjs';
import { describeValue } from '../event/describe-value.ts';
import type { CallResult } from '../event/outcome.ts';
import { CountCallWindow } from './call-window.ts';
import { checkRate } from './check-rate.ts';

/** How many trials there are, and what they are judged by. */
export interface TrialWindowOptions {
  /** Results that make a verdict. */
  readonly trials: number;
  /** Share of failures at which the verdict is `open`; `Infinity`: any failure. Default `0.5`. */
  readonly failureRateThreshold?: number;
  /** Share of slow calls at which the verdict is `open`; `Infinity` for none. Default `1`. */
  readonly slowCallRateThreshold?: number;
}

/** Whether calls may flow again after their trials. */
export interface TrialVerdict {
  readonly verdict: 'close' | 'open';
  /** Share of the trials that failed. */
  readonly failureRate: number;
  /** Share of the trials that were slow. */
  readonly slowRate: number;
}

/**
 * Emits a verdict after every `trials` results: `open` when a rate reaches its threshold, else `close`.
 *
 * A failure rate that is not judged has no threshold to close by, so that any failed trial opens again.
 * O(1) time per result.
 *
 * @throws RangeError when an option is out of range.
 * @example
 * ```ts
 * from(['ok', 'failed', 'ok'] as const)
 *   .pipe(trialWindow({ trials: 3 }))
 *   .subscribe(({ verdict }) => console.log(verdict)); // => close
 * ```
 */
export function trialWindow(options: TrialWindowOptions): OperatorFunction<CallResult, TrialVerdict> {
  const { trials, failureRateThreshold = 0.5, slowCallRateThreshold = 1 } = options;
  if (!(Number.isInteger(trials) && trials >= 1)) {
    throw new RangeError(`trials must be an integer of at least 1, got ${describeValue(trials)}`);
  }
  checkRate('failureRateThreshold', failureRateThreshold);
  checkRate('slowCallRateThreshold', slowCallRateThreshold);
  const failuresNeeded = failureRateThreshold === Infinity ? Number.MIN_VALUE : failureRateThreshold;

  return (results) =>
    defer(() => {
      const window = new CountCallWindow(trials);

      function judge(result: CallResult): TrialVerdict | undefined {
        window.add(result);
        if (window.calls < trials) return undefined;
        const failureRate = window.failures / trials;
        const slowRate = window.slow / trials;
        window.clear();
        const failed = failureRate >= failuresNeeded || slowRate >= slowCallRateThreshold;
        return { verdict: failed ? 'open' : 'close', failureRate, slowRate };
      }

      return results.pipe(map(judge), filter(isVerdict));
    });
}

function isVerdict(verdict: TrialVerdict | undefined): verdict is TrialVerdict {
  return verdict !== undefined;
}
