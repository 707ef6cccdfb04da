import type { OpenMark } from './resume-tracker.ts';

/** Values of one key with less than a gap between each and the next. */
export interface Session<K> {
  readonly key: K;
  /** Time of its first value. */
  start: number;
  /** Time of its last value, plus the gap. */
  end: number;
  /** Where its figures are. */
  readonly slot: number;
  /** Id of its last result; undefined before the first. */
  lastId: string | undefined;
  /** Ids of results, told under another start, that its next result takes the place of. */
  replaces: string[];
  /** Whether its on-time result has been given. */
  closed: boolean;
  /** When it is due: entries of the queue for another time are out of date. NaN once it is gone. */
  due: number;
  mark: OpenMark | undefined;
}

/**
 * Finds which of `sessions`, sorted by time, overlap with [start, end): from `from`, up to but without `to`.
 * They are at most all; with none, `from` is where a new one belongs.
 */
export function overlapping<K>(
  sessions: readonly Session<K>[],
  start: number,
  end: number,
): { from: number; to: number } {
  const { length } = sessions;
  // Most values belong to the latest session: the search is for those that do not.
  const last = sessions[length - 1];
  if (last === undefined || last.end <= start) return { from: length, to: length };
  if (last.start <= start) return { from: length - 1, to: length };
  return {
    from: firstWhere(sessions, (session) => session.end > start),
    to: firstWhere(sessions, (session) => session.start >= end),
  };
}

/** Index of the first for which `holds`, given that it holds for all after it too. */
function firstWhere<T>(sorted: readonly T[], holds: (item: T) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = sorted[middle];
    if (item !== undefined && holds(item)) high = middle;
    else low = middle + 1;
  }
  return low;
}
