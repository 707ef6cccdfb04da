import type { OperatorFunction } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import { AggregateSet } from '../aggregates/aggregate-set.ts';
import type { Aggregates } from '../aggregates/aggregate.ts';
import { QueueFullError } from '../event/errors.ts';
import { checkLimit } from './check-number.ts';
import { checkEventTime } from './event-time.ts';
import type { FailedValue, SideOutput } from './side-output.ts';
import { runStage } from './stage.ts';
import type { Watermark } from './watermark.ts';
import { withoutWatermarks } from './without-watermarks.ts';

export interface AggregateOptions<T, K> {
  /** One result for each of these. Default: one over all, without a `key`. */
  readonly key?: (value: T) => K;
  /** Event time of a value, for aggregates that go by it. Default: the order of coming. */
  readonly time?: (value: NoInfer<T>) => number;
  /** How many keys there may be; more end the stream with a QueueFullError. Default `100_000`. */
  readonly maxKeys?: number;
  /** Takes values whose key, time or figures cannot be read. Without it, such a value ends the stream. */
  readonly errors?: SideOutput<FailedValue<NoInfer<T>>>;
}

/** The figures of all values of one key. */
interface Total {
  readonly slot: number;
  start: number;
  end: number;
}

const names: OptionNames<AggregateOptions<unknown, unknown>> = {
  key: 'function',
  time: 'function',
  maxKeys: true,
  errors: 'output',
};

/**
 * Takes the figures of all values in one pass, and emits them when the source completes.
 *
 * Without a key there is one result, also of nothing; with one, a result for each key, in the order of their
 * first values. Watermarks are left out. O(1) a value.
 *
 * @throws RangeError when `maxKeys` is out of range.
 * @example
 * ```ts
 * of(2, 3, 10).pipe(aggregate({ n: count(), average: mean((x) => x) })); // => { n: 3, average: 5 }
 * ```
 */
export function aggregate<T, R>(
  aggregates: Aggregates<T, R>,
  options?: AggregateOptions<T, undefined> & { readonly key?: never },
): OperatorFunction<T | Watermark, { readonly [Name in keyof R]: R[Name] }>;
export function aggregate<T, R, K>(
  aggregates: Aggregates<T, R>,
  options: AggregateOptions<T, K> & { readonly key: (value: T) => K },
): OperatorFunction<T | Watermark, { readonly key: K } & { readonly [Name in keyof R]: R[Name] }>;
export function aggregate<T, R, K>(
  aggregates: Aggregates<T, R>,
  options: AggregateOptions<T, K> = {},
): OperatorFunction<T | Watermark, object> {
  checkOptions('aggregate', options, names);
  const { key, time, maxKeys = 100_000, errors } = options;
  checkLimit('maxKeys', maxKeys, 1);
  void new AggregateSet(aggregates, key === undefined ? [] : ['key']);
  const stage = runStage<T, object>((output) => {
    const set = new AggregateSet(aggregates);
    const totals = new Map<K | undefined, Total>();
    let seen = 0;

    function totalOf(id: K | undefined, at: number): Total {
      let total = totals.get(id);
      if (total === undefined) {
        if (totals.size >= maxKeys)
          throw new QueueFullError(`aggregate has maxKeys = ${maxKeys} keys already`);
        total = { slot: set.open(), start: at, end: at };
        totals.set(id, total);
      }
      return total;
    }

    return {
      value(value) {
        let at: number;
        let id: K | undefined;
        try {
          at = time === undefined ? seen : checkEventTime(time(value));
          id = key?.(value);
          set.read(value);
        } catch (error) {
          if (errors === undefined) throw error;
          errors.next({ value, error });
          return;
        }
        seen += 1;
        const total = totalOf(id, at);
        set.add(total.slot, at);
        if (at < total.start) total.start = at;
        if (at > total.end) total.end = at;
      },
      watermark() {},
      end() {
        if (key === undefined) totalOf(undefined, 0);
        for (const [id, { slot, start, end }] of totals) {
          const result: Record<string, unknown> = key === undefined ? {} : { key: id };
          set.putResults(result, slot, end - start);
          output.next(result);
        }
      },
    };
  });
  return (source) => source.pipe(stage, withoutWatermarks());
}
