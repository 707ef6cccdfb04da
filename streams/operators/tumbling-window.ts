import type { OperatorFunction } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import { AlignedWindows } from './aligned-windows.ts';
import { checkWhole } from './check-number.ts';
import { runStage } from './stage.ts';
import type { Watermark } from './watermark.ts';
import { checkWindowOptions, type WindowOptions, windowNames } from './window-options.ts';
import type { WindowKey, WindowResult } from './window-result.ts';

export interface TumblingWindowOptions<T, R, K extends WindowKey> extends WindowOptions<T, R, K> {
  /** How long a window is. */
  readonly sizeMs: number;
  /** Where in time a window starts; the others follow from it. Default `0`: aligned with the epoch. */
  readonly offsetMs?: number;
}

const names: OptionNames<TumblingWindowOptions<unknown, unknown, WindowKey>> = {
  ...windowNames,
  sizeMs: true,
  offsetMs: true,
};

/**
 * Divides event time into windows [start, end) that follow on each other, and emits their figures.
 *
 * A value is in exactly one window. A window gives its result when the watermark reaches its end, or the
 * source completes; windows without values give none. A value is late once the watermark has reached the end
 * of its window, plus `allowedLatenessMs`. State goes when its window can no longer change. O(1) a value.
 *
 * @throws RangeError when an option is out of range, TypeError when options do not go together.
 * @example
 * ```ts
 * of({ time: 1_000, ms: 5 }, { time: 8_000, ms: 7 }, { time: 61_000, ms: 1 }).pipe(
 *   withWatermarks(),
 *   tumblingWindow({ sizeMs: 60_000, aggregate: { n: count(), slowest: max((e) => e.ms) } }),
 *   withoutWatermarks(),
 *   map(({ start, n, slowest }) => [start, n, slowest]),
 * ); // => [0, 2, 7], [60_000, 1, 1]
 * ```
 */
export function tumblingWindow<T, R, K extends WindowKey = undefined>(
  options: TumblingWindowOptions<T, R, K>,
): OperatorFunction<T | Watermark, WindowResult<K, R> | Watermark> {
  checkOptions('tumblingWindow', options, names);
  const { sizeMs, offsetMs = 0 } = options;
  checkWhole('sizeMs', sizeMs, 1);
  checkWhole('offsetMs', offsetMs, 0);
  const settings = checkWindowOptions(options, 'tumblingWindow');
  const grid = { sizeMs, hopMs: sizeMs, offsetMs: offsetMs % sizeMs };
  return runStage((output) => new AlignedWindows(settings, output, grid));
}
