import type { OperatorFunction } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import { QueueFullError } from '../event/errors.ts';
import { checkLimit } from './check-number.ts';
import type { FailedValue, SideOutput } from './side-output.ts';
import { runStage } from './stage.ts';
import type { Watermark } from './watermark.ts';

export interface RisingEdgeOptions<T> {
  /** The condition. */
  readonly when: (value: T) => boolean;
  /** Each key has an edge of its own. Default: one for all. */
  readonly key?: (value: NoInfer<T>) => unknown;
  /** For how many keys the condition may hold at once. Default `100_000`. */
  readonly maxKeys?: number;
  /** Takes the key that is forgotten, the one whose condition has held longest, when there are more. */
  readonly evicted?: SideOutput<unknown>;
  /** Takes values for which `when` or `key` threw; their key stays as it was. Else such a value ends the stream. */
  readonly errors?: SideOutput<FailedValue<NoInfer<T>>>;
}

const names: OptionNames<RisingEdgeOptions<unknown>> = {
  when: 'function',
  key: 'function',
  maxKeys: true,
  evicted: 'output',
  errors: 'output',
};

/**
 * Passes a value when `when` turns from false to true for its key, and drops all others.
 *
 * Judged only when a value of the key comes; false before the first. Only keys for which it holds are kept.
 * Watermarks pass. O(1).
 *
 * @throws RangeError when `maxKeys` is out of range; from the stream, QueueFullError when it is exceeded and
 * there is no `evicted` output.
 * @example
 * ```ts
 * of(3, 7, 9, 2, 8).pipe(risingEdge({ when: (level) => level > 5 })); // => 7, 8
 * ```
 */
export function risingEdge<T>(options: RisingEdgeOptions<T>): OperatorFunction<T | Watermark, T | Watermark> {
  checkOptions('risingEdge', options, names);
  const { when, key, maxKeys = 100_000, evicted, errors } = options;
  checkLimit('maxKeys', maxKeys, 1);
  return runStage<T, T>((output) => {
    const holding = new Set<unknown>();

    function evictOldest(): void {
      const oldest: unknown = holding.values().next().value;
      holding.delete(oldest);
      if (evicted === undefined) {
        throw new QueueFullError(
          `risingEdge holds for more than maxKeys = ${maxKeys} keys; raise it, or give an evicted output`,
        );
      }
      evicted.next(oldest);
    }

    return {
      value(value) {
        let id: unknown;
        let holds: boolean;
        try {
          id = key?.(value);
          holds = when(value);
        } catch (error) {
          if (errors === undefined) throw error;
          errors.next({ value, error });
          return;
        }
        if (!holds) {
          holding.delete(id);
        } else if (!holding.has(id)) {
          holding.add(id);
          if (holding.size > maxKeys) evictOldest();
          output.next(value);
        }
      },
      watermark: (mark) => output.next(mark),
      end() {},
    };
  });
}
