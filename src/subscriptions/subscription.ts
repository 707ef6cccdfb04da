import type { Observable } from 'rxjs';
import type { Outcome } from '../../streams/event/outcome.ts';
import type { SubscriberStats } from './subscriber-stats.ts';

/** What a subscriber is doing, and what its breaker says. */
export interface SubscriberState {
  readonly flow: SubscriberStats['flow'];
  readonly breaker: SubscriberStats['breaker']['state'];
}

/** The handle of a subscriber. */
export interface Subscription extends AsyncDisposable {
  /** Unique on its bus. */
  readonly name: string;
  /** What it subscribes to. */
  readonly patterns: readonly string[];
  /** What it is doing now. */
  readonly state: SubscriberState;
  /** Emits the state now and at each change. Completes when it has stopped. */
  readonly state$: Observable<SubscriberState>;
  /** Emits how each call of the handler ended, and each event that was dropped. Costs nothing unobserved. */
  readonly outcomes$: Observable<Outcome>;
  /** Starts no more handlers; events wait. Those that run go on. */
  pause(): void;
  /** Goes on where `pause` stopped. */
  resume(): void;
  /** Takes no more events, handles those that wait, then stops. Resolves when it has stopped. */
  drain(): Promise<void>;
  /** Stops at once; events that wait are counted as dropped. Resolves after the last running handler. */
  unsubscribe(): Promise<void>;
  /** Opens the breaker by hand and keeps it open. */
  isolate(): void;
  /** Closes the breaker by hand. */
  reset(): void;
  /** Counts, rates and latencies, computed now. */
  stats(): SubscriberStats;
}
