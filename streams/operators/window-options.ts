import { AggregateSet } from '../aggregates/aggregate-set.ts';
import type { Aggregates } from '../aggregates/aggregate.ts';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import type { Clock } from '../event/clock.ts';
import { describeValue } from '../event/describe-value.ts';
import type { ResumePoint } from '../windows/resume-tracker.ts';
import { checkLimit, checkWhole } from './check-number.ts';
import { timeProperty } from './event-time.ts';
import type { FailedValue, SideOutput } from './side-output.ts';
import { frameNames, type WindowKey, type WindowResult } from './window-result.ts';

/** When a window gives results before it closes. Each that is given counts. */
export interface EarlyTrigger {
  /** After this many values since its last result. */
  readonly everyCount?: number;
  /** Let a burst of values end before `everyCount` is judged: one result for all of it. Needs `clock`. */
  readonly coalesce?: boolean;
  /** At each multiple of this that the watermark passes, if values have come since its last result. */
  readonly everyMs?: number;
  /** This long after a value on the clock. Needs `clock`. */
  readonly everyClockMs?: number;
}

/** What all windows have in common. */
export interface WindowOptions<T, R, K extends WindowKey> {
  /** The figures: each becomes a property of the result, under its name. */
  readonly aggregate: Aggregates<T, R>;
  /** Windows are kept apart by this. Default: one window over all. */
  readonly key?: (value: T) => K;
  /** Event time of a value, in milliseconds since the epoch. Default: its `time` property. */
  readonly time?: (value: NoInfer<T>) => number;
  /** Begins the ids of results; different for each pipeline whose results meet. Default: the operator's name. */
  readonly name?: string;
  /** How long after its end a window still takes late values and gives new results. Default `0`. */
  readonly allowedLatenessMs?: number;
  /** Results before the window closes. Default: none. */
  readonly early?: EarlyTrigger;
  /** Whether a further result tells all (`accumulating`) or what is new (`discarding`). Default `accumulating`. */
  readonly accumulation?: 'accumulating' | 'discarding';
  /** How many windows may be open, those of different keys counted apart. Default `250_000`. */
  readonly maxOpenWindows?: number;
  /** Takes values that no window takes any more. Without it, they are counted on the next result. */
  readonly late?: SideOutput<NoInfer<T>>;
  /** Takes values whose time, key or figures cannot be read. Without it, such a value ends the stream. */
  readonly errors?: SideOutput<FailedValue<NoInfer<T>>>;
  /**
   * Takes the window that closes first, as it is, when `maxOpenWindows` is exceeded. Values that come for it
   * later make a new one under the same id. Without it, exceeding ends the stream with a QueueFullError.
   */
  readonly evicted?: SideOutput<WindowResult<NoInfer<K>, NoInfer<R>>>;
  /** Tells the time for `early.everyClockMs`, and the end of a burst for `early.coalesce`. */
  readonly clock?: Clock;
  /** Where a value lies in its source: a number that grows from value to value. For `resumeFrom`. */
  readonly position?: (value: NoInfer<T>) => number;
  /** Learns, as windows close, from where the source must be read again after a crash. Needs `position`. */
  readonly resumeFrom?: SideOutput<ResumePoint>;
  /** The point that this pipeline starts anew from: results of windows that were done with are left out. */
  readonly resumeAt?: ResumePoint;
}

const earlyNames: OptionNames<EarlyTrigger> = {
  everyCount: true,
  coalesce: true,
  everyMs: true,
  everyClockMs: true,
};

/** The options that all windows have. */
export const windowNames: OptionNames<WindowOptions<unknown, unknown, WindowKey>> = {
  aggregate: true,
  key: 'function',
  time: 'function',
  name: true,
  allowedLatenessMs: true,
  early: true,
  accumulation: true,
  maxOpenWindows: true,
  late: 'output',
  errors: 'output',
  evicted: 'output',
  clock: true,
  position: 'function',
  resumeFrom: 'output',
  resumeAt: true,
};

/** Options that have been checked, with their defaults. */
export interface WindowSettings<T, R, K extends WindowKey> extends WindowOptions<T, R, K> {
  readonly key: (value: T) => K;
  readonly time: (value: T) => number;
  readonly name: string;
  readonly allowedLatenessMs: number;
  readonly discarding: boolean;
  readonly everyCount: number;
  readonly everyMs: number;
  readonly maxOpenWindows: number;
  /** Results of windows that are done with by then have been told in an earlier run. */
  readonly toldUntil: number;
}

/** @throws RangeError when an option is out of range, TypeError when options do not go together. */
export function checkWindowOptions<T, R, K extends WindowKey>(
  options: WindowOptions<T, R, K>,
  operator: string,
  reserved: readonly string[] = frameNames,
): WindowSettings<T, R, K> {
  const { name = operator, allowedLatenessMs = 0, early = {}, accumulation = 'accumulating' } = options;
  const { maxOpenWindows = 250_000, time = timeProperty } = options;
  // Without a selector there is no K to infer, and it is `undefined` by its default.
  const key = options.key ?? (() => undefined as K);
  checkLimit('allowedLatenessMs', allowedLatenessMs, 0);
  checkLimit('maxOpenWindows', maxOpenWindows, 1);
  checkOptions('early', early, earlyNames);
  const { everyCount = Infinity, everyMs = Infinity, everyClockMs } = early;
  checkLimit('early.everyCount', everyCount, 1);
  checkLimit('early.everyMs', everyMs, 1);
  if (everyClockMs !== undefined) {
    checkWhole('early.everyClockMs', everyClockMs, 1);
    if (options.clock === undefined) throw new TypeError('early.everyClockMs needs a clock');
  }
  if (early.coalesce === true && options.clock === undefined) {
    throw new TypeError('early.coalesce needs a clock');
  }
  if (accumulation !== 'accumulating' && accumulation !== 'discarding') {
    throw new TypeError(
      `accumulation must be accumulating or discarding, got ${describeValue(accumulation)}`,
    );
  }
  if (options.resumeFrom !== undefined && options.position === undefined) {
    throw new TypeError('resumeFrom needs a position');
  }
  // Made once for its checks; each subscription makes its own.
  void new AggregateSet(options.aggregate, reserved);
  const discarding = accumulation === 'discarding';
  return {
    ...options,
    name,
    key,
    time,
    allowedLatenessMs,
    discarding,
    everyCount,
    everyMs,
    maxOpenWindows,
    toldUntil: options.resumeAt?.told ?? -Infinity,
  };
}
