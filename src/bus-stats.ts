import type { EntityKindStats } from './entities/entity-host.ts';
import type { StreamStats } from './stream-stats.ts';
import type { SubscriberStats } from './subscriptions/subscriber-stats.ts';

/** The figures of a bus. Counts are since it was created. */
export interface BusStats {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly state: 'open' | 'disabled' | 'closed';
  /** Events that publishes were made for and that reached the transport. */
  readonly published: number;
  /** Publishes that failed. */
  readonly failedPublishes: number;
  /** Events published while disabled. */
  readonly discarded: number;
  /** Events published again under an id that was seen. */
  readonly duplicates: number;
  readonly deadLetters: number;
  readonly subscribers: readonly SubscriberStats[];
  /** The kinds of entity that are hosted. */
  readonly entities: readonly EntityKindStats[];
  /** The streams that are subscribed to. */
  readonly streams: readonly StreamStats[];
}
