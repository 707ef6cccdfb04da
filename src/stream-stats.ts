/** What a stream of `bus.stream` has done and how it is. Counts are since it was subscribed to. */
export interface StreamStats {
  readonly name: string;
  /** What it takes. */
  readonly patterns: readonly string[];
  /** When it was subscribed to, milliseconds since the epoch. */
  readonly subscribedAt: number;
  /** Events that were emitted, each attempt counted. */
  readonly delivered: number;
  /** Events that are done with. */
  readonly handled: number;
  /** Events that the mailbox has dropped. */
  readonly dropped: number;
  /** Events whose filter threw, or that the consumer has given up: they are in the dead letters. */
  readonly deadLettered: number;
  /** Events that are out and not acknowledged; at most `prefetch`. */
  readonly inFlight: number;
  readonly prefetch: number;
  /** Events that wait in the mailbox, those that come back later included. */
  readonly waiting: number;
  /** Of these, those that wait for the delay of a `nak`. */
  readonly parked: number;
  /** Events over `capacity`, whose publishers wait. */
  readonly blocked: number;
  readonly capacity: number;
}
