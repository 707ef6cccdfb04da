/** How hopping windows are cut into slices that they share. */
export interface SliceGrid {
  readonly sizeMs: number;
  readonly hopMs: number;
  /** Where a window starts. */
  readonly offsetMs: number;
}

/** A stretch of time that lies in the same windows from end to end. */
export interface Slice {
  readonly start: number;
  readonly end: number;
}

/**
 * The slice in which `time` lies.
 *
 * Time is cut where windows start and where they end, so in one or two slices a hop: no window cuts a slice
 * (the "pairs" of Krishnamurthy, Wu and Franklin 2006).
 */
export function sliceAt(grid: SliceGrid, time: number): Slice {
  const { sizeMs, hopMs, offsetMs } = grid;
  const base = Math.floor((time - offsetMs) / hopMs) * hopMs + offsetMs;
  const cut = base + (sizeMs % hopMs);
  if (time < cut) return { start: base, end: cut };
  return { start: cut, end: base + hopMs };
}

/** Starts of the windows that hold a slice: the first and the last; the others lie `hopMs` apart. */
export function windowsOf(grid: SliceGrid, { start, end }: Slice): { first: number; last: number } {
  const { sizeMs, hopMs, offsetMs } = grid;
  const last = Math.floor((start - offsetMs) / hopMs) * hopMs + offsetMs;
  return { first: last - Math.floor((last + sizeMs - end) / hopMs) * hopMs, last };
}

/** Calls `visit` with the start of each slice of the window that starts at `start`, in order. */
export function forEachSlice(grid: SliceGrid, start: number, visit: (start: number) => void): void {
  const { sizeMs, hopMs } = grid;
  const rest = sizeMs % hopMs;
  for (let base = start; base < start + sizeMs; base += hopMs) {
    visit(base);
    if (rest > 0 && base + rest < start + sizeMs) visit(base + rest);
  }
}
