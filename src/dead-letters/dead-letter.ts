import type { Observable } from 'rxjs';
import type { EventEnvelope } from '../../streams/event/envelope.ts';

/** Why an event was given up. */
export type DeadLetterReason =
  /** The handler threw a FatalError. */
  | 'fatal'
  /** All attempts failed. */
  | 'exhausted'
  /** A filter, key or dedupe function of the subscriber threw. */
  | 'filter-failed'
  /** It was read from the log, and cannot be lifted to what its definition is now. */
  | 'unreadable'
  /** It came behind an event of its entity that was given up, and no more of them are kept there. */
  | 'parked'
  /** Processes died, one after the other, while they handled it. */
  | 'too-many-deliveries'
  /** The mailbox's policy dropped it, and `deadLetterDropped` is set. */
  | 'dropped'
  /** The bus closed before it was handled. */
  | 'closed';

/** An event that a subscriber gave up, with why. */
export interface DeadLetter {
  /** Unique in this bus, and in its store where there is one; newer ones are greater. */
  readonly id: number;
  readonly event: EventEnvelope;
  /** Name of the subscriber that gave it up. */
  readonly subscriber: string;
  readonly reason: DeadLetterReason;
  /** How often it was tried. */
  readonly attempts: number;
  /**
   * The last error, as its handler threw it; of a run before, its name, message, stack and code (`StoredError`).
   */
  readonly error: unknown;
  /** When it was given up: milliseconds since the epoch. */
  readonly time: number;
  /** How often it had been requeued before. */
  readonly requeued: number;
  /** Where the event stands in the log, if it comes from one. */
  readonly position: number | undefined;
  /**
   * Why its payload and metadata are gone: they could not be written, as plain data can, and the process that had them
   * has ended. Such a letter can be read and discarded, not requeued. Absent where all is there.
   */
  readonly incomplete?: string;
}

/** What is kept of an error in a store. */
export interface StoredError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
}

/** What is known of an event that was given up by something else than a subscriber. */
export type GivenUp = Pick<DeadLetter, 'event' | 'subscriber' | 'error'> &
  Partial<Pick<DeadLetter, 'position'>>;

/** Which dead letters are meant; all conditions must hold. */
export interface DeadLetterFilter {
  readonly id?: number;
  readonly subscriber?: string;
  /** Pattern of event types. */
  readonly pattern?: string;
  readonly reason?: DeadLetterReason;
  /** Given up at this time or later, milliseconds since the epoch. */
  readonly since?: number;
  /** Given up before this time. */
  readonly until?: number;
  /** At most so many, oldest first. Default `Infinity`. */
  readonly limit?: number;
}

/**
 * The dead letters of a bus, as its users see them. With a durable transport they are kept in its store, and those
 * of runs before are among them once `bus.ready()` has resolved.
 */
export interface DeadLetters {
  /** How many there are. */
  readonly size: number;
  /** How many were discarded: to make room (`overflow: 'drop-oldest'`), for their age, or by hand. */
  readonly discarded: number;
  /** Emits each dead letter as it is added. */
  readonly added$: Observable<DeadLetter>;
  /** Those that match, oldest first. */
  list(filter?: DeadLetterFilter): DeadLetter[];
  get(id: number): DeadLetter | undefined;
  /**
   * Takes an event that something else than a subscriber has given up, a bridge for one, with the reason `fatal`.
   * Resolves when it is kept; where they are full and hold, not before there is room.
   */
  keep(givenUp: GivenUp): Promise<void>;
  /**
   * Gives those that match back to the subscribers that gave them up, and only to them, and takes them
   * from the list once they are in the mailbox. Resolves to how many; those whose subscriber is gone stay, and
   * those that were requeued `maxRequeues` times. In a store they stay until they are handled: a crash before
   * brings them back.
   */
  requeue(filter?: DeadLetterFilter): Promise<number>;
  /** Removes those that match for good; says how many. */
  discard(filter?: DeadLetterFilter): number;
}

export interface DeadLetterOptions {
  /** How many are kept. Default `10_000`. */
  readonly capacity?: number;
  /**
   * What happens when they are full. `'hold'` (default): the subscriber holds on to the event, its
   * mailbox fills and its publishers wait; nothing is lost. `'drop-oldest'`: the oldest is discarded and counted.
   */
  readonly overflow?: 'hold' | 'drop-oldest';
  /** Milliseconds after which one is discarded. Default `Infinity`. */
  readonly maxAgeMs?: number;
  /** How often one may be requeued. Default `Infinity`. */
  readonly maxRequeues?: number;
}
