import type { Program } from './program.ts';
import type { Completed, KeyState, Run } from './run.ts';

type Began = Pick<Run<unknown>, 'startSequence'>;

/**
 * Takes the next match that may be emitted, and ends the runs and matches that it skips.
 *
 * A match waits while a run that began before it may still become a match, for that one would skip it.
 */
export function releaseMatch<E>(state: KeyState<E, unknown>, program: Program<E>): Completed<E> | undefined {
  const [match] = state.held;
  const [earliest] = state.runs;
  if (match === undefined || (earliest !== undefined && earliest.startSequence < match.startSequence))
    return undefined;

  state.held.shift();
  const keeps = keptBy(match, program.skip);
  if (keeps !== undefined) {
    state.runs = state.runs.filter(keeps);
    state.held = state.held.filter(keeps);
  }
  return match;
}

/** Puts a match among those that wait: in the order they began, then in the order they were completed. */
export function holdMatch<E>(held: Completed<E>[], match: Completed<E>): void {
  let at = held.length;
  while (at > 0 && (held[at - 1] as Completed<E>).startSequence > match.startSequence) at -= 1;
  held.splice(at, 0, match);
}

function keptBy<E>(match: Completed<E>, skip: Program<E>['skip']): ((run: Began) => boolean) | undefined {
  if (skip.to === 'none') return undefined;
  if (skip.to === 'next') return (run) => run.startSequence !== match.startSequence;
  if (skip.to === 'pastLast') {
    const { sequence } = match.taken;
    return (run) => run.startSequence > sequence;
  }
  const sequence = sequenceOf(match, skip);
  return sequence === undefined ? undefined : (run) => run.startSequence >= sequence;
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
