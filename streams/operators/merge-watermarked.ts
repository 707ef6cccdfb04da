import { Observable, type ObservableInput, from } from 'rxjs';
import { describeValue } from '../event/describe-value.ts';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import type { Clock } from '../event/clock.ts';
import { MinimumTime, type TimeInput } from '../windows/minimum-time.ts';
import { checkMs } from './check-number.ts';
import { connectInput } from './stage.ts';
import { Ticker } from './ticker.ts';
import { Watermark } from './watermark.ts';

export interface MergeWatermarkedOptions {
  /** A source silent for this long is set aside, so that it does not hold the others. Needs `clock`. */
  readonly idleAfterMs?: number;
  /** Tells the time for `idleAfterMs`. */
  readonly clock?: Clock;
}

const names: OptionNames<MergeWatermarkedOptions> = {
  idleAfterMs: true,
  clock: true,
};

/**
 * Merges streams that have watermarks of their own; the watermark of the whole is their minimum.
 *
 * RxJS's `merge` must not be used for that: the watermark of a fast source would make the values of a slow
 * one late. A source that completes no longer counts; the first error ends all. O(1) a value.
 *
 * @throws RangeError when `idleAfterMs` is out of range, TypeError when it lacks a `clock`.
 * @example
 * ```ts
 * const fast = of({ time: 90 }, new Watermark(90));
 * const slow = concat(of({ time: 10 }, new Watermark(10)), NEVER);
 * mergeWatermarked([slow, fast]).pipe(
 *   map((value) => value.time),
 *   take(3),
 * ); // => 10, 90, 10
 * ```
 */
export function mergeWatermarked<T>(
  sources: readonly ObservableInput<T | Watermark>[],
  options: MergeWatermarkedOptions = {},
): Observable<T | Watermark> {
  if (!Array.isArray(sources)) {
    throw new TypeError(`mergeWatermarked needs an array of sources, got ${describeValue(sources)}`);
  }
  checkOptions('mergeWatermarked', options, names);
  const { idleAfterMs, clock } = options;
  if (idleAfterMs !== undefined) {
    checkMs('idleAfterMs', idleAfterMs, 1);
    if (clock === undefined) throw new TypeError('idleAfterMs needs a clock');
  }
  return new Observable((output) => {
    const minimum = new MinimumTime();
    // All inputs are known before the first value, so that a synchronous source cannot run ahead alone.
    const inputs = sources.map((source) => ({ source: from(source), input: minimum.add() }));
    let mark = -Infinity;
    let running = inputs.length;
    let ticker: Ticker | undefined;

    function advance(): void {
      if (!(minimum.time > mark)) return;
      mark = minimum.time;
      output.next(new Watermark(mark));
    }

    function finish(input: TimeInput): void {
      minimum.remove(input);
      running -= 1;
      if (running === 0) output.complete();
      else advance();
    }

    if (idleAfterMs !== undefined && clock !== undefined) {
      ticker = new Ticker(clock, idleAfterMs, () => {
        const active = minimum.setAsideSilent();
        advance();
        return active;
      });
      output.add(() => ticker?.stop());
      ticker.hear();
    }
    if (running === 0) output.complete();
    for (const { source, input } of inputs) {
      const stage = {
        value(value: T): void {
          ticker?.hear();
          minimum.hear(input);
          output.next(value);
        },
        watermark({ time }: Watermark): void {
          ticker?.hear();
          minimum.raise(input, time);
          advance();
        },
        end: () => finish(input),
      };
      if (!output.closed) connectInput(source, stage, output);
    }
  });
}
