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
 * Lets time pass for the runs of a key, up to and including `time`.
 *
 * Deadlines are met one after the other, so that what a long step of the clock brings comes in the order
 * that many short ones would bring it.
 */
export function expireRuns<E>(state: KeyState<E, unknown>, program: Program<E>, time: number): Expired<E> {
  const expired: Expired<E> = { completed: [], timedOut: [] };
  while (state.nextDeadline <= time && state.nextDeadline < Infinity) {
    // Without waits the runs expire independently of each other, in their order: once through is enough.
    const until = program.hasWaits ? state.nextDeadline : time;
    passTime(state, program, until, expired);
    state.nextDeadline = deadlineOf(state, program.withinMs);
  }
  if (program.everyFirst === 0) state.mayStart = !state.runs.some((run) => run.holdsStart);
  return expired;
}

function passTime<E>(
  state: KeyState<E, unknown>,
  program: Program<E>,
  time: number,
  expired: Expired<E>,
): void {
  if (state.startsAt <= time) {
    state.startsAt = Infinity;
    state.mayStart = true;
  }
  const kept: Run<E>[] = [];
  for (const run of state.runs) {
    const expires = run.startTime + program.withinMs;
    if (expires <= time && expires <= run.waitsUntil) {
      if (run.node.finalAtTimeout) complete(run, expires, expired);
      else expired.timedOut.push(run);
    } else if (run.waitsUntil <= time) {
      const next = pastWait(run);
      if (next.node.final) complete(next, run.waitsUntil, expired);
      if (goesOn(next.node)) kept.push(next);
    } else {
      kept.push(run);
    }
  }
  state.runs = kept;
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
