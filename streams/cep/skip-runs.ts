import { none } from '../queue/linked-lists.ts';
import type { MatchedKeys } from './matched-keys.ts';
import type { Program } from './program.ts';
import type { Completed } from './run.ts';
import { keepRuns } from './run-lists.ts';
import type { RunTable } from './run-table.ts';

/**
 * Takes the next match of a key that may be emitted, and ends the runs and matches that it skips.
 *
 * A match waits while a run that began before it may still become a match, for that one would skip it.
 */
export function releaseMatch<E>(
  keys: MatchedKeys<E, unknown>,
  runs: RunTable<E>,
  key: number,
  { skip }: Program<E>,
): Completed<E> | undefined {
  const held = keys.held[key];
  const match = held?.[0];
  if (held === undefined || match === undefined) return undefined;
  const earliest = keys.first[key] as number;
  if (earliest !== none && (runs.startSequence[earliest] as number) < match.startSequence) return undefined;

  held.shift();
  const keeps = keptBy(match, skip);
  if (keeps !== undefined) {
    keepRuns(keys, runs, key, (run) => keeps(runs.startSequence[run] as number));
    keys.held[key] = held.filter(({ startSequence }) => keeps(startSequence));
  }
  return match;
}

/** Puts a match among those that wait: in the order they began, then in the order they were completed. */
export function holdMatch<E>(held: Completed<E>[], match: Completed<E>): void {
  let at = held.length;
  while (at > 0 && (held[at - 1] as Completed<E>).startSequence > match.startSequence) at -= 1;
  held.splice(at, 0, match);
}

/** By the number of the event they began with, which runs and matches go on; `undefined` for all. */
function keptBy<E>(
  match: Completed<E>,
  skip: Program<E>['skip'],
): ((startSequence: number) => boolean) | undefined {
  if (skip.to === 'none') return undefined;
  if (skip.to === 'next') return (startSequence) => startSequence !== match.startSequence;
  if (skip.to === 'pastLast') return (startSequence) => startSequence > match.taken.sequence;
  const sequence = sequenceOf(match, skip);
  return sequence === undefined ? undefined : (startSequence) => startSequence >= sequence;
}

/** The event to skip to; `undefined` when the stage took none. */
function sequenceOf<E>(match: Completed<E>, skip: Program<E>['skip']): number | undefined {
  let sequence: number | undefined;
  for (let link: Completed<E>['taken'] | undefined = match.taken; link !== undefined; link = link.before) {
    if (link.slot !== skip.slot) continue;
    if (skip.to === 'last') return link.sequence;
    ({ sequence } = link);
  }
  return sequence;
}
