import { defer, filter, map, type OperatorFunction } from 'rxjs';
import type { Clock } from '../event/clock.ts';
import { describeValue } from '../event/describe-value.ts';
import type { CallResult } from '../event/outcome.ts';
import { CountCallWindow, TimeCallWindow, type CallWindow } from './call-window.ts';
import { checkRate } from './check-rate.ts';

/** Which results are judged, and by which bounds. */
export interface FailureWindowOptions {
  /** How many of the latest results to judge. Default `100`. Not together with `windowMs`. */
  readonly windowSize?: number;
  /** Judge the results of this many latest milliseconds instead; needs `clock`. */
  readonly windowMs?: number;
  /** Tells the time to a window of `windowMs`. */
  readonly clock?: Clock;
  /** Results to see before a rate is judged. Default `20`, or `windowSize` if that is less. */
  readonly minimumCalls?: number;
  /** Share of failures, above 0 and up to 1, that trips; `Infinity` for none. Default `0.5`. */
  readonly failureRateThreshold?: number;
  /** Share of slow calls, above 0 and up to 1, that trips; `Infinity` for none. Default `1`. */
  readonly slowCallRateThreshold?: number;
  /** Failures in a row that trip, whatever the rate. Default `Infinity`: not judged. */
  readonly consecutiveFailures?: number;
}

/** Why calls should stop: which bound was reached, and the counts that justify it. */
export interface Trip {
  /** The bound that was reached; if several were, the first of these. */
  readonly kind: 'consecutive-failures' | 'failure-rate' | 'slow-rate';
  /** Share of the calls in the window that failed. */
  readonly failureRate: number;
  /** Share of the calls in the window that were slow. */
  readonly slowRate: number;
  /** Calls in the window. */
  readonly calls: number;
  /** Failures since the last success. */
  readonly consecutive: number;
}

/**
 * Emits a trip when the latest results say that calls should stop.
 *
 * A bound is reached at its threshold, not above it; rates are judged from `minimumCalls` results on, and
 * slow successes count as slow but not as failed. Any bound suffices. After a trip the window starts empty.
 * O(1) time per result; memory is one byte per result of a count window, fixed for a time window.
 *
 * @throws RangeError when an option is out of range, TypeError when options do not go together.
 * @example
 * ```ts
 * from(['failed', 'failed'] as const)
 *   .pipe(failureWindow({ consecutiveFailures: 2 }))
 *   .subscribe((trip) => console.log(trip.kind, trip.consecutive)); // => consecutive-failures 2
 * ```
 */
export function failureWindow(options: FailureWindowOptions = {}): OperatorFunction<CallResult, Trip> {
  const { failureRateThreshold = 0.5, slowCallRateThreshold = 1, consecutiveFailures = Infinity } = options;
  const { createWindow, minimumCalls } = checkWindow(options);
  checkRate('failureRateThreshold', failureRateThreshold);
  checkRate('slowCallRateThreshold', slowCallRateThreshold);
  if (!(typeof consecutiveFailures === 'number' && consecutiveFailures >= 1)) {
    throw new RangeError(`consecutiveFailures must be at least 1, got ${describeValue(consecutiveFailures)}`);
  }

  // `defer` gives each subscription its own window; a shared one would mix subscribers.
  return (results) =>
    defer(() => {
      const window = createWindow();
      let consecutive = 0;

      let trip: Trip | undefined;

      function judge(result: CallResult): Trip | undefined {
        window.add(result);
        if (result === 'ok' || result === 'slow') consecutive = 0;
        else consecutive += 1;
        if (consecutive >= consecutiveFailures) return justify('consecutive-failures');
        const { calls } = window;
        if (calls < minimumCalls) return undefined;
        // Divided, not multiplied: 7 of 100 is 0.07, but 0.07 × 100 is more than 7.
        if (window.failures / calls >= failureRateThreshold) return justify('failure-rate');
        if (window.slow / calls >= slowCallRateThreshold) return justify('slow-rate');
        return undefined;
      }

      function justify(kind: Trip['kind']): Trip {
        const { calls, failures, slow } = window;
        const justified = { kind, failureRate: failures / calls, slowRate: slow / calls, calls, consecutive };
        window.clear();
        consecutive = 0;
        return justified;
      }

      return results.pipe(
        // Filtered first, so that a result which trips nothing takes one hop: nearly all of them.
        filter((result) => {
          trip = judge(result);
          return trip !== undefined;
        }),
        map(() => trip),
        filter(isTrip),
      );
    });
}

function isTrip(trip: Trip | undefined): trip is Trip {
  return trip !== undefined;
}

function checkWindow(options: FailureWindowOptions): {
  createWindow: () => CallWindow;
  minimumCalls: number;
} {
  const { windowSize = 100, windowMs, clock } = options;
  const { minimumCalls = Math.min(20, windowSize) } = options;
  if (!(Number.isInteger(windowSize) && windowSize >= 1 && windowSize <= 1e9)) {
    throw new RangeError(`windowSize must be an integer from 1 to 1e9, got ${describeValue(windowSize)}`);
  }
  if (!(Number.isInteger(minimumCalls) && minimumCalls >= 1)) {
    throw new RangeError(`minimumCalls must be an integer of at least 1, got ${describeValue(minimumCalls)}`);
  }
  if (windowMs === undefined) {
    if (minimumCalls > windowSize) {
      // Such a window could never be judged: a breaker that silently never opens.
      throw new RangeError(`minimumCalls must be at most windowSize, ${windowSize}, got ${minimumCalls}`);
    }
    return { createWindow: () => new CountCallWindow(windowSize), minimumCalls };
  }
  if (!(typeof windowMs === 'number' && windowMs > 0 && windowMs < Infinity)) {
    throw new RangeError(`windowMs must be a number of milliseconds above 0, got ${describeValue(windowMs)}`);
  }
  if (options.windowSize !== undefined) throw new TypeError('windowSize and windowMs exclude each other');
  if (clock === undefined) throw new TypeError('windowMs needs a clock');
  return { createWindow: () => new TimeCallWindow(windowMs, clock), minimumCalls };
}
