import { checkOptions, type OptionNames } from '../event/check-options.ts';
import type { Clock } from '../event/clock.ts';
import { describeValue } from '../event/describe-value.ts';
import { AimdLimit } from './aimd-limit.ts';
import { checkWhole } from './check-number.ts';
import type { ConcurrencyLimit } from './concurrency-limit.ts';
import { GradientLimit } from './gradient-limit.ts';
import type { SideOutput } from './side-output.ts';

/** Where the limit may go, and how it is found. */
export interface AdaptiveConcurrencyOptions {
  /** Measures the calls. */
  readonly clock: Clock;
  /**
   * `'gradient'` (default) compares latency with what it is without load. `'aimd'` takes failures and
   * latencies above `targetMs` for congestion.
   */
  readonly algorithm?: 'gradient' | 'aimd';
  /** Calls at once at first. Default `8`. */
  readonly initial?: number;
  /** Calls at once at least. Default `1`. */
  readonly min?: number;
  /** Calls at once at most. Default `256`. */
  readonly max?: number;
  /** Latency, relative to that without load, that is still taken for normal (`gradient`). Default `1.5`. */
  readonly tolerance?: number;
  /** Latency above which a call counts as congested (`aimd`). Default: none, only failures count. */
  readonly targetMs?: number;
  /** What the limit is multiplied by on congestion, above 0 and below 1. Default `0.5`. */
  readonly decrease?: number;
  /** Takes the limit each time it changes. */
  readonly changes?: SideOutput<number>;
}

const names: OptionNames<AdaptiveConcurrencyOptions> = {
  clock: true,
  algorithm: true,
  initial: true,
  min: true,
  max: true,
  tolerance: true,
  targetMs: true,
  decrease: true,
  changes: 'output',
};

/**
 * Makes a concurrency that follows the latency of the calls: give it to `laneMap` as `concurrency`.
 *
 * `aimd` adds one per round of calls and cuts on congestion, at most once a round: the additive increase,
 * multiplicative decrease of TCP (RFC 5681). `gradient` scales the limit by unloaded ÷ current latency, after
 * GradientLimit of Netflix's concurrency-limits; every 50 rounds it halves the limit for two, to measure the
 * former. The limit does not grow while less than half of it is used. Each subscription learns for itself.
 * O(1) a call.
 *
 * @throws RangeError or TypeError when an option is out of range.
 * @example
 * ```ts
 * const concurrency = adaptiveConcurrency({ clock: createSystemClock(), initial: 4, max: 64 });
 * of(1, 2, 3).pipe(laneMap(async (n) => n * n, { concurrency })); // => 1, 4, 9
 * ```
 */
export function adaptiveConcurrency(options: AdaptiveConcurrencyOptions): () => ConcurrencyLimit {
  checkOptions('adaptiveConcurrency', options, names);
  const { clock, algorithm = 'gradient', initial = 8, min = 1, max = 256, changes } = options;
  const { tolerance = 1.5, targetMs = Infinity, decrease = 0.5 } = options;
  checkWhole('min', min, 1);
  checkWhole('max', max, min);
  checkWhole('initial', initial, min);
  if (initial > max) throw new RangeError(`initial must be at most max = ${max}, got ${initial}`);
  if (!(typeof tolerance === 'number' && tolerance >= 1 && tolerance < Infinity)) {
    throw new RangeError(`tolerance must be a number of at least 1, got ${describeValue(tolerance)}`);
  }
  if (!(typeof targetMs === 'number' && targetMs > 0))
    throw new RangeError(`targetMs must be above 0, got ${describeValue(targetMs)}`);
  if (!(typeof decrease === 'number' && decrease > 0 && decrease < 1)) {
    throw new RangeError(`decrease must be above 0 and below 1, got ${describeValue(decrease)}`);
  }
  const bounds = { clock, initial, min, max, decrease, changes };
  switch (algorithm) {
    case 'aimd':
      return () => new AimdLimit({ ...bounds, targetMs });
    case 'gradient':
      return () => new GradientLimit({ ...bounds, tolerance });
    default:
      throw new TypeError(`algorithm must be gradient or aimd, got ${describeValue(algorithm)}`);
  }
}
