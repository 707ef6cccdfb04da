/** What one aggregate read from one value of a sliding window. */
export interface SlidingRead {
  readonly reads: readonly unknown[];
  readonly time: number;
}

/** The values in a sliding window, the oldest first. */
export interface SlidingReads {
  readonly size: number;
  at(place: number): SlidingRead | undefined;
}

/** One aggregate over a sliding window, in which values come at one end and go at the other. */
export interface SlidingFigure {
  add(read: unknown, time: number): void;
  /** Forgets the oldest of `window`, which still holds it. */
  removeOldest(window: SlidingReads): void;
  result(spanMs: number): unknown;
}
