import type { OperatorFunction } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import { AlignedWindows } from './aligned-windows.ts';
import { checkWhole } from './check-number.ts';
import { checkOverlap } from './check-overlap.ts';
import { SharedWindows } from './shared-windows.ts';
import { runStage } from './stage.ts';
import type { Watermark } from './watermark.ts';
import { checkWindowOptions, type WindowOptions, windowNames } from './window-options.ts';
import type { WindowKey, WindowResult } from './window-result.ts';

export interface HoppingWindowOptions<T, R, K extends WindowKey> extends WindowOptions<T, R, K> {
  /** How long a window is. */
  readonly sizeMs: number;
  /** From the start of one window to the start of the next; at most `sizeMs`. */
  readonly hopMs: number;
  /** Where in time a window starts; the others follow from it. Default `0`: aligned with the epoch. */
  readonly offsetMs?: number;
}

const names: OptionNames<HoppingWindowOptions<unknown, unknown, WindowKey>> = {
  ...windowNames,
  sizeMs: true,
  hopMs: true,
  offsetMs: true,
};

/**
 * Lays windows [start, start + sizeMs) over event time, one every `hopMs`, and emits their figures.
 *
 * A value is in size / hop windows, but added only once: windows share slices and merge them when they
 * give results. So O(1) a value, and size / hop merges for each key and result. With `early.everyCount` each
 * window counts for itself: they do not share, and a value costs O(size / hop). Evicted results are of one
 * slice, not of a window. A value is late when none of its windows takes it; the rest is as in `tumblingWindow`.
 *
 * @throws RangeError when an option is out of range, TypeError when options do not go together.
 * @example
 * ```ts
 * of({ time: 1_000 }, { time: 7_000 }).pipe(
 *   withWatermarks(),
 *   hoppingWindow({ sizeMs: 10_000, hopMs: 5_000, aggregate: { n: count() } }),
 *   withoutWatermarks(),
 *   map(({ start, n }) => [start, n]),
 * ); // => [-5_000, 1], [0, 2], [5_000, 1]
 * ```
 */
export function hoppingWindow<T, R, K extends WindowKey = undefined>(
  options: HoppingWindowOptions<T, R, K>,
): OperatorFunction<T | Watermark, WindowResult<K, R> | Watermark> {
  checkOptions('hoppingWindow', options, names);
  const { sizeMs, hopMs, offsetMs = 0 } = options;
  checkWhole('sizeMs', sizeMs, 1);
  checkWhole('hopMs', hopMs, 1);
  checkWhole('offsetMs', offsetMs, 0);
  checkOverlap(sizeMs, hopMs);
  const settings = checkWindowOptions(options, 'hoppingWindow');
  const grid = { sizeMs, hopMs, offsetMs: offsetMs % hopMs };
  const shares = settings.everyCount === Infinity;
  return runStage((output) =>
    shares ? new SharedWindows(settings, output, grid) : new AlignedWindows(settings, output, grid),
  );
}
