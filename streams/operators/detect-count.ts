import { map, type OperatorFunction } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import { pattern } from '../cep/pattern.ts';
import { type EventsMatch, inOneRow, type StagesOf } from '../cep/short-form.ts';
import { checkMs, checkWhole } from './check-number.ts';
import { matchPatternNames } from './match-pattern-options.ts';
import { matchPattern } from './match-pattern.ts';
import { longFormOptions, type ShortFormOptions } from './short-form-options.ts';
import { Watermark } from './watermark.ts';

export interface DetectCountOptions<E, K> extends ShortFormOptions<E, K> {
  /** How many events make a match. */
  readonly count: number;
  /** The last of them must come less than this after the first. */
  readonly withinMs: number;
  /** Whether an event may be part of several matches. Default `false`: after a match counting begins anew. */
  readonly overlapping?: boolean;
}

const names: OptionNames<DetectCountOptions<unknown, unknown>> = {
  ...matchPatternNames,
  count: true,
  withinMs: true,
  overlapping: true,
};

/**
 * Emits `count` events that fit, as soon as they have come within `withinMs`: the short form of a pattern.
 *
 * What holds for {@link matchPattern} holds here. O(count) an event that fits.
 *
 * @throws RangeError when an option is out of range.
 * @example
 * ```ts
 * from([1, 2, 30, 31, 32].map((time) => ({ time }))).pipe(
 *   detectCount(() => true, { count: 3, withinMs: 10, order: 'arrival' }),
 *   withoutWatermarks(),
 *   map((match) => match.events.map((event) => event.time)),
 * ); // => [30, 31, 32]
 * ```
 */
export function detectCount<E, K = undefined>(
  condition: (event: E) => boolean,
  options: DetectCountOptions<E, K>,
): OperatorFunction<E | Watermark, EventsMatch<E, K> | Watermark> {
  checkOptions('detectCount', options, names);
  const { count, withinMs, overlapping = false, ...rest } = options;
  checkWhole('count', count, 1);
  checkMs('withinMs', withinMs, 1);
  const counted = pattern<E>()
    .begin('events', condition)
    .times(count)
    .within(withinMs)
    .skip(overlapping ? 'none' : 'pastLast');
  // Each of the last `count` events is the first of a run.
  const maxPartials = rest.maxPartials ?? Math.max(1_000, count);
  const match = matchPattern<E, StagesOf<E>, K>(
    counted,
    longFormOptions({ name: 'detectCount', ...rest, maxPartials }),
  );
  return (source) =>
    source.pipe(
      match,
      map((result) => (result instanceof Watermark ? result : inOneRow(result))),
    );
}
