import type { OperatorFunction } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import { AggregateSet } from '../aggregates/aggregate-set.ts';
import { checkLimit, checkWhole } from './check-number.ts';
import { timeProperty } from './event-time.ts';
import type { SideOutput } from './side-output.ts';
import { type SlidingResult, SlidingStage } from './sliding-stage.ts';
import { runStage } from './stage.ts';
import type { Watermark } from './watermark.ts';
import type { WindowOptions } from './window-options.ts';
import type { WindowKey } from './window-result.ts';

export interface SlidingWindowOptions<T, R, K extends WindowKey> extends Pick<
  WindowOptions<T, R, K>,
  'aggregate' | 'key' | 'time' | 'name' | 'late' | 'errors' | 'position' | 'resumeFrom' | 'resumeAt'
> {
  /** How far the window reaches back from each value; a value exactly as old is out of it. */
  readonly sizeMs: number;
  /** How many values may be held, of all keys together. Default `250_000`. */
  readonly maxBuffered?: number;
  /** Takes the value that would go first when `maxBuffered` is exceeded. Without it, that is an error. */
  readonly evicted?: SideOutput<NoInfer<T>>;
}

const slidingNames: readonly string[] = ['key', 'value', 'time', 'late', 'id'];

const names: OptionNames<SlidingWindowOptions<unknown, unknown, WindowKey>> = {
  sizeMs: true,
  maxBuffered: true,
  evicted: 'output',
  aggregate: true,
  key: 'function',
  time: 'function',
  name: true,
  late: 'output',
  errors: 'output',
  position: 'function',
  resumeFrom: 'output',
  resumeAt: true,
};

/**
 * Emits, for each value, the figures of its key over the last `sizeMs`, that value included.
 *
 * Values are taken in order of event time: each waits until the watermark reaches it. A value behind the
 * watermark is late. What has left all windows is forgotten, so idle keys cost nothing. Amortised O(1) a
 * value, and O(log n) for one that waits; counts, distincts and quantiles take back what leaves, others merge.
 *
 * @throws RangeError when an option is out of range; from the stream, QueueFullError when too many values are
 * held and there is no `evicted` output.
 * @example
 * ```ts
 * of({ time: 0 }, { time: 40 }, { time: 60 }).pipe(
 *   withWatermarks(),
 *   slidingWindow({ sizeMs: 60, aggregate: { n: count() } }),
 *   withoutWatermarks(),
 *   map(({ n }) => n),
 * ); // => 1, 2, 2
 * ```
 */
export function slidingWindow<T, R, K extends WindowKey = undefined>(
  options: SlidingWindowOptions<T, R, K>,
): OperatorFunction<T | Watermark, SlidingResult<T, K, R> | Watermark> {
  checkOptions('slidingWindow', options, names);
  const { sizeMs, maxBuffered = 250_000, name = 'slidingWindow', time = timeProperty } = options;
  // Without a selector there is no K to infer, and it is `undefined` by its default.
  const key = options.key ?? (() => undefined as K);
  checkWhole('sizeMs', sizeMs, 1);
  checkLimit('maxBuffered', maxBuffered, 1);
  if (options.resumeFrom !== undefined && options.position === undefined) {
    throw new TypeError('resumeFrom needs a position');
  }
  void new AggregateSet(options.aggregate, slidingNames);
  const settings = { ...options, maxBuffered, name, time, key };
  return runStage((output) => new SlidingStage(settings, output));
}
