import type { EventEnvelope } from './envelope.ts';

/**
 * One try at giving an event to one subscriber.
 *
 * Exactly one of `ack`, `nak` and `term` settles it; further calls do nothing. Until then it counts
 * against its subscriber's credit.
 */
export interface Delivery<E extends EventEnvelope = EventEnvelope> {
  /** What is delivered. */
  readonly event: E;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Where the event stands in the log that it comes from, if it comes from one. */
  readonly position?: number | undefined;
  /** The number of the ownership under which this process may act on it, where processes share a subscriber by key. */
  readonly fencingToken?: number | undefined;
  /** Whether another process may have it by now: whatever is said of it here no longer counts. */
  readonly revoked?: boolean;
  /** The event has been handled. */
  ack(): void;
  /** Not handled: deliver it again, `delayMs` from now. It keeps its lane and its place in its key. */
  nak(delayMs?: number): void;
  /** Never deliver it again. `reason` is for logs and dead letters. */
  term(reason?: string): void;
}
