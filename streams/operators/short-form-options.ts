import { partialInOneRow, type PartialEvents, type StagesOf } from '../cep/short-form.ts';
import type { MatchPatternOptions } from './match-pattern-options.ts';
import type { SideOutput } from './side-output.ts';

/** What the short forms of `matchPattern` have in common with it. */
export interface ShortFormOptions<E, K> extends Omit<
  MatchPatternOptions<E, never, K>,
  'timedOut' | 'evicted'
> {
  /** Takes runs that a limit has ended. Without it, reaching a limit ends the stream with an error. */
  readonly evicted?: SideOutput<PartialEvents<E, K>>;
}

/** The options of `matchPattern` for a short form of it. */
export function longFormOptions<E, K>(
  options: ShortFormOptions<E, K> & { readonly timedOut?: SideOutput<PartialEvents<E, K>> },
): MatchPatternOptions<E, StagesOf<E>, K> {
  const { timedOut, evicted, ...rest } = options;
  return {
    ...rest,
    ...(timedOut !== undefined && {
      timedOut: { next: (partial) => timedOut.next(partialInOneRow(partial)) },
    }),
    ...(evicted !== undefined && { evicted: { next: (partial) => evicted.next(partialInOneRow(partial)) } }),
  };
}
