import { map, type OperatorFunction } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import type { PatternMatch } from '../cep/match.ts';
import { pattern } from '../cep/pattern.ts';
import type { StagesOf } from '../cep/short-form.ts';
import { checkMs } from './check-number.ts';
import { matchPatternNames } from './match-pattern-options.ts';
import { matchPattern } from './match-pattern.ts';
import { longFormOptions, type ShortFormOptions } from './short-form-options.ts';
import { Watermark } from './watermark.ts';

export interface DetectAbsenceOptions<E, K> extends ShortFormOptions<E, K> {
  /** How long no event may have come. */
  readonly forMs: number;
  /** The events to wait after. Default: those that are waited for, so that silence between them is found. */
  readonly after?: (event: E) => boolean;
}

/** An event after which none came. */
export interface Absence<E, K> extends Omit<PatternMatch<unknown, K>, 'events'> {
  readonly after: E;
}

const names: OptionNames<DetectAbsenceOptions<unknown, unknown>> = {
  ...matchPatternNames,
  forMs: true,
  after: 'function',
};

/**
 * Emits an event after which no event that fits has come for `forMs`: the short form of a pattern.
 *
 * It is noticed when the watermark passes the end of the wait, whether further events come or not. An event
 * at the very end of the wait comes too late. What holds for {@link matchPattern} holds here.
 *
 * @throws RangeError when an option is out of range.
 * @example
 * ```ts
 * of({ time: 10 }, { time: 60 }, new Watermark(200)).pipe(
 *   detectAbsence<{ time: number }>(() => true, { forMs: 100 }),
 *   withoutWatermarks(),
 *   map((absence) => [absence.after.time, absence.end]),
 * ); // => [60, 160]
 * ```
 */
export function detectAbsence<E, K = undefined>(
  condition: (event: E) => boolean,
  options: DetectAbsenceOptions<E, K>,
): OperatorFunction<E | Watermark, Absence<E, K> | Watermark> {
  checkOptions('detectAbsence', options, names);
  const { forMs, after = condition, ...rest } = options;
  checkMs('forMs', forMs, 1);
  const absent = pattern<E>().begin('after', after).absentFor(forMs, condition);
  const match = matchPattern<E, StagesOf<E>, K>(absent, longFormOptions({ name: 'detectAbsence', ...rest }));
  return (source) =>
    source.pipe(
      match,
      map((result) => (result instanceof Watermark ? result : absenceOf(result))),
    );
}

function absenceOf<E, K>({ events, ...match }: PatternMatch<StagesOf<E>, K>): Absence<E, K> {
  const [after] = events['after'] ?? [];
  return { ...match, after: after as E };
}
