/**
 * How one handler call ended, as a breaker sees it. `slow` calls took longer than `slowCallDurationMs`
 * but succeeded; `slow-failed` ones were slow and failed.
 */
export type CallResult = 'ok' | 'failed' | 'slow' | 'slow-failed';

/** What became of one event at one subscriber. Every accepted event ends in exactly one of these. */
export type Settlement =
  | 'handled'
  | 'dead-lettered'
  | 'dropped'
  /** Not wanted: refused by a filter, a duplicate, or sampled away. */
  | 'filtered';

/** How one try at handling one event ended; what a subscription's `outcomes$` emits. */
export interface Outcome {
  readonly status: 'ok' | 'failed' | 'timed-out' | 'dead-lettered' | 'dropped';
  readonly eventId: string;
  readonly eventType: string;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Milliseconds the handler ran; 0 where it did not. */
  readonly durationMs: number;
  readonly error?: unknown;
  /** Milliseconds until the next try, if there is to be one. */
  readonly retryInMs?: number;
}
