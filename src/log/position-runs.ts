/** Positions in ascending order as pairs: the first of a run, and how many follow each other from there. */
export type PositionRuns = readonly number[];

/** The runs that ascending positions make. */
export function runsOf(positions: Iterable<number>): number[] {
  const runs: number[] = [];
  for (const position of positions) {
    const start = runs.at(-2);
    const length = runs.at(-1);
    if (start !== undefined && length !== undefined && start + length === position) {
      runs[runs.length - 1] = length + 1;
    } else runs.push(position, 1);
  }
  return runs;
}

/** How many positions there are. */
export function countOf(runs: PositionRuns): number {
  let count = 0;
  for (let at = 1; at < runs.length; at += 2) count += runs[at] ?? 0;
  return count;
}

/** The positions between two others, both included, in ascending order. */
export function* positionsIn(runs: PositionRuns, from = 0, to = Infinity): Generator<number> {
  for (let at = 0; at < runs.length; at += 2) {
    const start = runs[at] ?? 0;
    const end = Math.min(start + (runs[at + 1] ?? 0) - 1, to);
    if (start > to) return;
    for (let position = Math.max(start, from); position <= end; position += 1) yield position;
  }
}
