import type { OperatorFunction } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import { checkWhole } from './check-number.ts';
import { type SessionResult, SessionWindows } from './session-windows.ts';
import { runStage } from './stage.ts';
import type { Watermark } from './watermark.ts';
import { checkWindowOptions, type WindowOptions, windowNames } from './window-options.ts';
import { frameNames, type WindowKey } from './window-result.ts';

export interface SessionWindowOptions<T, R, K extends WindowKey> extends WindowOptions<T, R, K> {
  /** A session ends when no value has come for this long: a value exactly `gapMs` later begins a new one. */
  readonly gapMs: number;
}

const names: OptionNames<SessionWindowOptions<unknown, unknown, WindowKey>> = {
  ...windowNames,
  gapMs: true,
};

/**
 * Gathers the values of a key that follow on each other in less than `gapMs`, and emits their figures.
 *
 * A session reaches from its first value to `gapMs` after its last. A late value within the allowed lateness
 * may merge two sessions that have been told already: the result then names in `replaces` the ids that no
 * longer hold. For the rest see `tumblingWindow`. O(log sessions) a value, O(1) for one that prolongs.
 *
 * @throws RangeError when an option is out of range, TypeError when options do not go together.
 * @example
 * ```ts
 * of({ time: 0 }, { time: 20 }, { time: 90 }).pipe(
 *   withWatermarks(),
 *   sessionWindow({ gapMs: 50, aggregate: { n: count() } }),
 *   withoutWatermarks(),
 *   map(({ start, end, n }) => [start, end, n]),
 * ); // => [0, 70, 2], [90, 140, 1]
 * ```
 */
export function sessionWindow<T, R, K extends WindowKey = undefined>(
  options: SessionWindowOptions<T, R, K>,
): OperatorFunction<T | Watermark, SessionResult<K, R> | Watermark> {
  checkOptions('sessionWindow', options, names);
  checkWhole('gapMs', options.gapMs, 1);
  const settings = checkWindowOptions(options, 'sessionWindow', [...frameNames, 'replaces']);
  // `SessionWindows` puts `replaces` into each of its results.
  return runStage<T, SessionResult<K, R>>((output) => new SessionWindows(settings, output, options.gapMs));
}
