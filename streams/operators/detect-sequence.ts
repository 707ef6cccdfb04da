import { map, type OperatorFunction } from 'rxjs';
import { checkFunctions, checkOptions, type OptionNames } from '../event/check-options.ts';
import type { Pattern, PatternBuilder } from '../cep/pattern-builder.ts';
import { pattern } from '../cep/pattern.ts';
import { type EventsMatch, inOneRow, type PartialEvents, type StagesOf } from '../cep/short-form.ts';
import { matchPatternNames } from './match-pattern-options.ts';
import { matchPattern } from './match-pattern.ts';
import { longFormOptions, type ShortFormOptions } from './short-form-options.ts';
import type { SideOutput } from './side-output.ts';
import { Watermark } from './watermark.ts';

export interface DetectSequenceOptions<E, K> extends ShortFormOptions<E, K> {
  /** The last event must come less than this after the first. Default: any time after. */
  readonly withinMs?: number;
  /** Whether the events must follow each other at once, of those with the key. Default `false`. */
  readonly strict?: boolean;
  /** Takes runs that `withinMs`, or the end of the source, has ended. Without it they go unseen. */
  readonly timedOut?: SideOutput<PartialEvents<E, K>>;
}

const names: OptionNames<DetectSequenceOptions<unknown, unknown>> = {
  ...matchPatternNames,
  withinMs: true,
  strict: true,
};

/**
 * Emits each run of events that fit the conditions one after the other: the short form of a pattern.
 *
 * A run begins at every event that fits the first condition, and takes for each further condition the next
 * event that fits. What holds for {@link matchPattern} holds here.
 *
 * @throws TypeError without conditions, RangeError when a limit is out of range.
 * @example
 * ```ts
 * const steps = ['cart', 'pay', 'done'].map((step) => (e: { page: string }) => e.page === step);
 * of({ time: 1, page: 'cart' }, { time: 2, page: 'pay' }, { time: 5, page: 'done' }).pipe(
 *   detectSequence(steps, { withinMs: 10, order: 'arrival' }),
 *   withoutWatermarks(),
 *   map((match) => match.end - match.start),
 * ); // => 4
 * ```
 */
export function detectSequence<E, K = undefined>(
  conditions: readonly ((event: E) => boolean)[],
  options: DetectSequenceOptions<E, K> = {},
): OperatorFunction<E | Watermark, EventsMatch<E, K> | Watermark> {
  checkFunctions('conditions', conditions);
  checkOptions('detectSequence', options, names);
  const { withinMs, strict = false, ...rest } = options;
  const sequence = sequenceOf(conditions, withinMs, strict);
  const match = matchPattern<E, StagesOf<E>, K>(
    sequence,
    longFormOptions({ name: 'detectSequence', ...rest }),
  );
  return (source) =>
    source.pipe(
      match,
      map((result) => (result instanceof Watermark ? result : inOneRow(result))),
    );
}

function sequenceOf<E>(
  conditions: readonly ((event: E) => boolean)[],
  withinMs: number | undefined,
  strict: boolean,
): Pattern<E, StagesOf<E>> {
  const [first, ...others] = conditions;
  if (first === undefined) throw new TypeError('detectSequence needs a condition at least');
  let built = pattern<E>().begin('1', first) as PatternBuilder<E, object, string>;
  others.forEach((condition, index) => {
    built = (strict ? built.next : built.followedBy)(String(index + 2), condition);
  });
  if (withinMs !== undefined) built = built.within(withinMs);
  return built as Pattern<E, StagesOf<E>>;
}
