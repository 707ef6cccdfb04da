import type { OperatorFunction } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import { QueueFullError } from '../event/errors.ts';
import { checkLimit, checkMs } from './check-number.ts';
import { checkEventTime, timeProperty } from './event-time.ts';
import type { FailedValue, SideOutput } from './side-output.ts';
import { runStage } from './stage.ts';
import type { Watermark } from './watermark.ts';

export interface CooldownOptions<T> {
  /** How long, in event time, a key is silent after a value that passed. */
  readonly ms: number;
  /** Each key cools down by itself. Default: one for all. */
  readonly key?: (value: NoInfer<T>) => unknown;
  /** Event time of a value, in milliseconds since the epoch. Default: its `time` property. */
  readonly time?: (value: NoInfer<T>) => number;
  /** How many keys may be cooling down at once. Default `100_000`. */
  readonly maxKeys?: number;
  /** Takes the key that is forgotten, the one that passed longest ago, when there are more. */
  readonly evicted?: SideOutput<unknown>;
  /** Takes values whose time or key cannot be read. Without it, such a value ends the stream. */
  readonly errors?: SideOutput<FailedValue<NoInfer<T>>>;
}

const names: OptionNames<CooldownOptions<unknown>> = {
  ms: true,
  key: 'function',
  time: 'function',
  maxKeys: true,
  evicted: 'output',
  errors: 'output',
};

/**
 * Passes a value unless one of its key has passed less than `ms` of event time before, and drops it else.
 *
 * As for alerts: the first is raised, then none of its key until `ms` later. Values should come in order of
 * time, as from `slidingWindow`; one from before the last that passed is dropped. Keys that have cooled down
 * are forgotten. Watermarks pass. Amortised O(1).
 *
 * @throws RangeError when an option is out of range; from the stream, QueueFullError when `maxKeys` is
 * exceeded and there is no `evicted` output.
 * @example
 * ```ts
 * of({ time: 0 }, { time: 200 }, { time: 300 }).pipe(cooldown({ ms: 300 })); // => { time: 0 }, { time: 300 }
 * ```
 */
export function cooldown<T>(options: CooldownOptions<T>): OperatorFunction<T | Watermark, T | Watermark> {
  checkOptions('cooldown', options, names);
  const { ms, key, time = timeProperty, maxKeys = 100_000, evicted, errors } = options;
  checkMs('ms', ms, 0);
  checkLimit('maxKeys', maxKeys, 1);
  return runStage<T, T>((output) => {
    /** When a value of each key passed last; the keys in the order of that. */
    const passed = new Map<unknown, number>();

    function forgetCooled(now: number): void {
      for (const [id, last] of passed) {
        if (now - last < ms) return;
        passed.delete(id);
      }
    }

    function evictOldest(): void {
      const oldest: unknown = passed.keys().next().value;
      passed.delete(oldest);
      if (evicted === undefined) {
        throw new QueueFullError(
          `cooldown has more than maxKeys = ${maxKeys} keys cooling; raise it, or give an evicted output`,
        );
      }
      evicted.next(oldest);
    }

    return {
      value(value) {
        let now: number;
        let id: unknown;
        try {
          now = checkEventTime(time(value));
          id = key?.(value);
        } catch (error) {
          if (errors === undefined) throw error;
          errors.next({ value, error });
          return;
        }
        const last = passed.get(id);
        if (last !== undefined && now - last < ms) return;
        // Taken out first, so that it goes to the end: the order of the map is the order of time.
        passed.delete(id);
        passed.set(id, now);
        if (passed.size > maxKeys) forgetCooled(now);
        if (passed.size > maxKeys) evictOldest();
        output.next(value);
      },
      watermark(mark) {
        forgetCooled(mark.time);
        output.next(mark);
      },
      end() {},
    };
  });
}
