import { none } from '../queue/linked-lists.ts';
import type { MatchedKeys } from './matched-keys.ts';
import type { Node, Program } from './program.ts';
import type { Completed, Ended } from './run.ts';
import { anyHoldsStart, keepRuns } from './run-lists.ts';
import type { RunTable } from './run-table.ts';

/** What the passing of time made of the runs of a key. */
export interface Expired<E> {
  readonly completed: Completed<E>[];
  readonly timedOut: Ended<E>[];
}

/** When time alone will change the runs of a key or let it start one; `Infinity` for never. */
export function deadlineOf<E>(
  keys: MatchedKeys<E, unknown>,
  runs: RunTable<E>,
  key: number,
  withinMs: number,
): number {
  let deadline = keys.startsAt[key] as number;
  for (let run = keys.first[key] as number; run !== none; run = runs.next[run] as number) {
    const expires = (runs.startTime[run] as number) + withinMs;
    if (expires < deadline) deadline = expires;
    const waitsUntil = runs.waitsUntil[run] as number;
    if (waitsUntil < deadline) deadline = waitsUntil;
  }
  return deadline;
}

/**
 * Lets time pass for the runs of a key, up to `time`: its next deadline, and so the last moment of no other.
 * What comes of it is added to `expired`.
 */
export function expireRuns<E>(
  keys: MatchedKeys<E, unknown>,
  runs: RunTable<E>,
  key: number,
  program: Program<E>,
  time: number,
  expired: Expired<E>,
): void {
  if (keys.startsAt[key] === time) {
    keys.startsAt[key] = Infinity;
    keys.mayStart[key] = 1;
  }
  const { withinMs, everyFirst } = program;
  keepRuns(keys, runs, key, (run) => staysAfter(runs, run, withinMs, time, expired));
  keys.nextDeadline[key] = deadlineOf(keys, runs, key, withinMs);
  if (everyFirst === 0) keys.mayStart[key] = anyHoldsStart(keys, runs, key) ? 0 : 1;
}

/** Makes of a run what it is at `time`. False when it is over. */
function staysAfter<E>(
  runs: RunTable<E>,
  run: number,
  withinMs: number,
  time: number,
  expired: Expired<E>,
): boolean {
  const node = runs.node[run] as Node<E>;
  if ((runs.startTime[run] as number) + withinMs === time) {
    if (node.finalAtTimeout) complete(runs, run, time, expired);
    else expired.timedOut.push(runs.ended(run));
    return false;
  }
  if (runs.waitsUntil[run] !== time) return true;
  const after = node.wait?.after ?? node;
  runs.node[run] = after;
  runs.count[run] = 0;
  runs.possible[run] = after.allSteps;
  runs.fresh[run] = 1;
  runs.waitsUntil[run] = after.wait === undefined ? Infinity : time + after.wait.forMs;
  if (after.final) complete(runs, run, time, expired);
  return after.goesOn;
}

function complete<E>(runs: RunTable<E>, run: number, endTime: number, expired: Expired<E>): void {
  const taken = runs.taken[run];
  if (taken === undefined) return;
  const startTime = runs.startTime[run] as number;
  const startSequence = runs.startSequence[run] as number;
  expired.completed.push({ taken, startTime, startSequence, endTime });
}
