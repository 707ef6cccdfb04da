import type { PublishReceipt } from '../actors/handler.ts';
import type { LogPage } from './event-log.ts';
import type { BusHealth } from './bus-health.ts';
import type { BusCommit } from './publishing/outbox.ts';
import type { QueryRange } from './replay/queries.ts';
import type { Replay, ReplayOptions } from './replay/replay.ts';
import type { Store } from './store.ts';
import type { SubscriptionRecord } from './subscriptions/subscription-record.ts';

/** What a bus can do with a transport that keeps events; without one these calls throw TypeError and say so. */
export interface BusLog {
  /**
   * Plays the log again, from one position, time, key or type to another: as fast as it goes, as it was, or n times
   * as fast. Appends nothing and reaches no subscriber; `into` names who handles it. Each subscription of it is one
   * replay, up to the end that the log has when it begins. Fails with StorageError when the log cannot be read.
   */
  replay(this: void, options?: ReplayOptions): Replay;
  /**
   * Reads a page of the log: by position, time, type, key or correlation id, oldest or newest first. `next` says
   * where to read on. Answers are kept, up to `queryCache.maxEvents`.
   */
  query(this: void, range?: QueryRange): Promise<LogPage>;
  /**
   * Writes states of your own and publishes events in one transaction: an outbox. Resolves to the receipts, whose
   * `subscribers` is -1. Rejects with ConflictError when an `expected` revision does not hold; then nothing is done.
   */
  commit(this: void, commit: BusCommit): Promise<PublishReceipt[]>;
  /** Where events and states are kept, if they are: for reading what `commit` wrote. The bus closes it. */
  readonly store: Store | undefined;
}

/** What a bus says of itself and of its subscriptions. */
export interface BusRegistry {
  /** Whether publishes are taken, and kept. While it is asked, a store that fails is noticed within a heartbeat. */
  health(this: void): BusHealth;
  /** All subscriptions, those of runs before among them where a store keeps them, oldest first. */
  subscriptions(this: void): SubscriptionRecord[];
  /**
   * Forgets a subscription and its place in the log: one of the same name begins anew. Resolves to false when there
   * is none. @throws TypeError while it is subscribed.
   */
  forget(this: void, name: string): Promise<boolean>;
  /**
   * Resolves when events can be carried and reach the subscribers that there are, and when all is known that a store
   * keeps of runs before, dead letters and subscriptions: at once in one process, when it is connected between
   * processes. Rejects with what is in the way, such as a TransportError.
   */
  ready(this: void): Promise<void>;
}
