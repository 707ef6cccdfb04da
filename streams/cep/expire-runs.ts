import { goesOn } from './matcher.ts';
import type { Program } from './program.ts';
import type { Completed, KeyState, Run } from './run.ts';

/** What the passing of time made of the runs of a key. */
export interface Expired<E> {
  readonly completed: Completed<E>[];
  readonly timedOut: Run<E>[];
}

/** When time alone will change the runs of a key or let it start one; `Infinity` for never. */
export function deadlineOf<E>(state: KeyState<E, unknown>, withinMs: number): number {
  let deadline = state.startsAt;
  for (let index = 0; index < state.runs.length; index += 1) {
    const run = state.runs[index] as Run<E>;
    const expires = run.startTime + withinMs;
    if (expires < deadline) deadline = expires;
    if (run.waitsUntil < deadline) deadline = run.waitsUntil;
  }
  return deadline;
}

/**
 * Lets time pass for the runs of a key, up to `time`: its next deadline, and so the last moment of no other.
 * What comes of it is added to `expired`.
 */
export function expireRuns<E>(
  state: KeyState<E, unknown>,
  program: Program<E>,
  time: number,
  expired: Expired<E>,
): void {
  if (state.startsAt === time) {
    state.startsAt = Infinity;
    state.mayStart = true;
  }
  // Moved up in place: a key may lose a run at every event.
  const { runs } = state;
  let kept = 0;
  for (let index = 0; index < runs.length; index += 1) {
    const run = pastDeadline(runs[index] as Run<E>, program.withinMs, time, expired);
    if (run === undefined) continue;
    runs[kept] = run;
    kept += 1;
  }
  while (runs.length > kept) runs.pop();
  state.nextDeadline = deadlineOf(state, program.withinMs);
  if (program.everyFirst === 0) state.mayStart = !runs.some((run) => run.holdsStart);
}

/** What is left of a run at `time`. */
function pastDeadline<E>(
  run: Run<E>,
  withinMs: number,
  time: number,
  expired: Expired<E>,
): Run<E> | undefined {
  if (run.startTime + withinMs === time) {
    if (run.node.finalAtTimeout) complete(run, time, expired);
    else expired.timedOut.push(run);
    return undefined;
  }
  if (run.waitsUntil !== time) return run;
  const next = pastWait(run);
  if (next.node.final) complete(next, time, expired);
  return goesOn(next.node) ? next : undefined;
}

function pastWait<E>(run: Run<E>): Run<E> {
  const node = run.node.wait?.after ?? run.node;
  return {
    ...run,
    node,
    count: 0,
    possible: node.allSteps,
    fresh: true,
    waitsUntil: node.wait === undefined ? Infinity : run.waitsUntil + node.wait.forMs,
  };
}

function complete<E>(
  { taken, startTime, startSequence }: Run<E>,
  endTime: number,
  expired: Expired<E>,
): void {
  if (taken === undefined) return;
  expired.completed.push({ taken, startTime, startSequence, endTime });
}
