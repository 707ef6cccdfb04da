/** Events that fit a pattern. */
export interface PatternMatch<S, K = undefined> {
  readonly key: K;
  /** The events by the stage that took them, in order. */
  readonly events: S;
  /** Event time of the first event. */
  readonly start: number;
  /** Event time at which the match was complete: that of the last event, or of the end of an absence. */
  readonly end: number;
  /** Event time of the match, for operators that follow: `end`. */
  readonly time: number;
  /** How many events came too late since the match before; 0 where the `late` output takes them. */
  readonly late: number;
  /**
   * The same for the same match of a second run: name, key, and for each stage the positions of its events;
   * without a `position` option their numbers in the order in which the matcher has looked at them.
   */
  readonly id: string;
}

/** A run that did not become a match. */
export interface PartialMatch<S, K = undefined> {
  readonly key: K;
  /** The events taken so far; a stage that took none is empty. */
  readonly events: { readonly [N in keyof S]: readonly ElementOf<S[N]>[] };
  readonly start: number;
  /** When it ended, in event time. */
  readonly end: number;
  /** `timed-out`: `within` passed. `evicted`: a limit was reached. `ended`: the source completed. */
  readonly reason: 'timed-out' | 'evicted' | 'ended';
}

type ElementOf<V> = V extends readonly (infer T)[] ? T : never;
