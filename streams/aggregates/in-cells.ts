import type { Aggregate } from './aggregate.ts';
import type { Cells } from './cells.ts';

/** An array of doubles with these numbers; one of whole numbers would be changed over when a fraction comes. */
export function doubles(initial: readonly number[]): number[] {
  const cells = initial.map(() => 0.5);
  for (let at = 0; at < initial.length; at += 1) cells[at] = initial[at] ?? 0;
  return cells;
}

/** Makes an aggregate of cells: one that also stands alone, with cells of its own. */
export function inCells<T, X, R>(
  read: (value: T) => X,
  cells: Cells<X, R>,
): Aggregate<T, R, number[], X> & { readonly cells: Cells<X, R> } {
  return {
    read,
    create: () => doubles(cells.initial),
    add: (state, read, time) => cells.add(state, 0, read, time),
    merge: (into, from) => cells.merge(into, 0, from, 0),
    result: (state, spanMs) => cells.result(state, 0, spanMs),
    cells,
  };
}
