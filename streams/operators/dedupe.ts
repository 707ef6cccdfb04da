import type { OperatorFunction } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import type { Clock } from '../event/clock.ts';
import { describeValue } from '../event/describe-value.ts';
import { RecentIds, type RecentIdsOptions } from '../queue/recent-ids.ts';
import { checkEventTime } from './event-time.ts';
import { runFlow } from './flow-stage.ts';
import type { FailedValue, SideOutput } from './side-output.ts';

export interface DedupeStreamOptions<T> extends RecentIdsOptions {
  /** What tells values apart. Default: their `id` property, as events have. */
  readonly id?: (value: NoInfer<T>) => string;
  /** The clock that `windowMs` is measured by. */
  readonly clock?: Clock;
  /** The event time that `windowMs` is measured by, in place of a clock. */
  readonly time?: (value: NoInfer<T>) => number;
  /** Takes the values that came before. */
  readonly duplicates?: SideOutput<T>;
  /** Takes values whose id or time cannot be read. Without it, such a value ends the stream. */
  readonly errors?: SideOutput<FailedValue<NoInfer<T>>>;
}

const names: OptionNames<DedupeStreamOptions<unknown>> = {
  id: 'function',
  windowMs: true,
  maxIds: true,
  clock: true,
  time: 'function',
  duplicates: 'output',
  errors: 'output',
};

/**
 * Emits each value whose id has not come within the last `windowMs`, nor among the last `maxIds` that passed.
 *
 * Exact within both bounds; seeing an id again does not prolong its time. One of `clock` and `time` is
 * needed unless `windowMs` is `Infinity`. O(1) amortised, about 60 bytes an id besides its text.
 *
 * @throws RangeError or TypeError when an option is out of range; from the stream, TypeError for an id
 * that is no string, where there is no `errors` output.
 * @example
 * ```ts
 * of({ id: 'a' }, { id: 'b' }, { id: 'a' }).pipe(dedupe({ windowMs: Infinity })); // => { id: 'a' }, { id: 'b' }
 * ```
 */
export function dedupe<T>(options: DedupeStreamOptions<T> = {}): OperatorFunction<T, T> {
  checkOptions('dedupe', options, names);
  const { id = idProperty, clock, time, duplicates, errors } = options;
  const { windowMs = 120_000, maxIds = 100_000 } = options;
  const bounds = { windowMs, maxIds };
  // Checks both bounds, once for all subscriptions.
  void new RecentIds(bounds);
  if (clock === undefined && time === undefined && windowMs !== Infinity) {
    throw new TypeError('dedupe needs a clock or a time selector to measure windowMs by');
  }
  if (clock !== undefined && time !== undefined) {
    throw new TypeError('dedupe measures windowMs by a clock or by a time selector, not by both');
  }

  return runFlow<T, T>((output) => {
    const recent = new RecentIds(bounds);
    return {
      value(value) {
        let name: string;
        let now: number;
        try {
          name = checkId(id(value));
          now = time === undefined ? (clock?.monotonic() ?? 0) : checkEventTime(time(value));
        } catch (error) {
          if (errors === undefined) throw error;
          errors.next({ value, error });
          return;
        }
        if (recent.add(name, now)) output.next(value);
        else duplicates?.next(value);
      },
      end: () => output.complete(),
      dispose: () => recent.clear(),
    };
  });
}

function checkId(id: unknown): string {
  if (typeof id === 'string') return id;
  throw new TypeError(`the id of a value must be a string, got ${describeValue(id)}`);
}

function idProperty(value: unknown): string {
  return (value as { readonly id: string }).id;
}
