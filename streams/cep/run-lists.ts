import { none } from '../queue/linked-lists.ts';
import type { MatchedKeys } from './matched-keys.ts';
import type { Ended } from './run.ts';
import type { RunTable } from './run-table.ts';

/** Ends the runs of a key that `stays` does not hold for, and keeps the order of the others. O(runs of the key). */
export function keepRuns<E>(
  keys: MatchedKeys<E, unknown>,
  runs: RunTable<E>,
  key: number,
  stays: (run: number) => boolean,
): void {
  let last = none;
  let kept = 0;
  for (let run = keys.first[key] as number; run !== none;) {
    const next = runs.next[run] as number;
    if (stays(run)) {
      if (last === none) keys.first[key] = run;
      else runs.next[last] = run;
      last = run;
      kept += 1;
    } else {
      runs.free(run);
    }
    run = next;
  }
  if (last === none) keys.first[key] = none;
  else runs.next[last] = none;
  keys.runs[key] = kept;
}

/** Ends the first runs of a key, so many of them. O(count). */
export function removeFirst<E>(
  keys: MatchedKeys<E, unknown>,
  runs: RunTable<E>,
  key: number,
  count: number,
): Ended<E>[] {
  const ended: Ended<E>[] = [];
  let run = keys.first[key] as number;
  while (run !== none && ended.length < count) {
    ended.push(runs.ended(run));
    const next = runs.next[run] as number;
    runs.free(run);
    run = next;
  }
  keys.first[key] = run;
  keys.runs[key] = (keys.runs[key] as number) - ended.length;
  return ended;
}

/** Whether a run keeps others of its key from beginning. */
export function anyHoldsStart<E>(keys: MatchedKeys<E, unknown>, runs: RunTable<E>, key: number): boolean {
  for (let run = keys.first[key] as number; run !== none; run = runs.next[run] as number) {
    if (runs.holdsStart[run] === 1) return true;
  }
  return false;
}
