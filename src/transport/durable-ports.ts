import type { Clock } from '../../streams/event/clock.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { Settlement } from '../../streams/event/outcome.ts';
import type { EventLog, LogPage } from '../event-log.ts';
import type { Cursor } from './cursor.ts';
import type { DurableDelivery } from './durable-delivery.ts';
import type { Turn } from './turn.ts';

/** What a durable subscription needs of its transport. */
export interface DurableSubscriptionPorts {
  readonly clock: Clock;
  readonly turn: Turn;
  readonly log: EventLog;
  readonly lift: (event: EventEnvelope) => EventEnvelope;
  /** Joins the router. */
  readonly join: () => void;
  /** Leaves it. */
  readonly leave: () => void;
  /** Finds where it begins, then calls `opened`; `failed` when that cannot be known. */
  readonly open: (opened: (cursor: Cursor, next: number) => void, failed: (error: unknown) => void) => void;
  /** Its place has changed and is to be written. */
  readonly moved: () => void;
  /** Reads in memory, as far as that goes back. */
  readonly recent: (from: number, limit: number) => LogPage | undefined;
  /** The highest position that was heard of. */
  readonly last: () => number;
  /** Events are kept in memory that are not in the log yet. */
  readonly holding: () => boolean;
  /** Tells the bus what is wrong: `storage.fault` becomes `breakwater.storage.fault`. */
  readonly trouble: (type: string, data: object) => void;
  readonly onSettled: (
    delivery: DurableDelivery,
    subscriber: string,
    how: Settlement,
    detail?: unknown,
  ) => void;
}
