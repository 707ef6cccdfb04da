import type { PartialMatch, PatternMatch } from './match.ts';

/** A match of a pattern that is a plain row of events. */
export interface EventsMatch<E, K> extends Omit<PatternMatch<unknown, K>, 'events'> {
  /** In the order of their time. */
  readonly events: readonly E[];
}

/** A run of such a pattern that did not become a match. */
export interface PartialEvents<E, K> extends Omit<PartialMatch<unknown, K>, 'events'> {
  /** The events taken so far. */
  readonly events: readonly E[];
}

/** Writes the events of all stages one after the other. */
export function inOneRow<E, K>(match: PatternMatch<StagesOf<E>, K>): EventsMatch<E, K> {
  const { key, start, end, time, late, id } = match;
  return { key, events: rowOf(match.events), start, end, time, late, id };
}

/** Writes the events of a partial match one after the other. */
export function partialInOneRow<E, K>(partial: PartialMatch<StagesOf<E>, K>): PartialEvents<E, K> {
  return { ...partial, events: rowOf(partial.events) };
}

function rowOf<E>(stages: StagesOf<E>): readonly E[] {
  const row: E[] = [];
  for (const events of Object.values(stages)) for (const event of events) row.push(event);
  return row;
}

/** Stages whose names nobody needs to know. */
export type StagesOf<E> = Readonly<Record<string, readonly E[]>>;
