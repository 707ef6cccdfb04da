import { Subject, type Observable } from 'rxjs';
import type { EventEnvelope } from '../streams/event/envelope.ts';
import { matches } from '../streams/event/pattern.ts';
import { checkChoice } from './check-options.ts';
import { checkInteger } from './options.ts';

/** Why an event was given up. */
export type DeadLetterReason =
  /** The handler threw a FatalError. */
  | 'fatal'
  /** All attempts failed. */
  | 'exhausted'
  /** A filter, key or dedupe function of the subscriber threw. */
  | 'filter-failed'
  /** The mailbox's policy dropped it, and `deadLetterDropped` is set. */
  | 'dropped'
  /** The bus closed before it was handled. */
  | 'closed';

/** An event that a subscriber gave up, with why. */
export interface DeadLetter {
  /** Unique in this bus; newer ones are greater. */
  readonly id: number;
  readonly event: EventEnvelope;
  /** Name of the subscriber that gave it up. */
  readonly subscriber: string;
  readonly reason: DeadLetterReason;
  /** How often it was tried. */
  readonly attempts: number;
  /** The last error, as its handler threw it. */
  readonly error: unknown;
  /** When it was given up: milliseconds since the epoch. */
  readonly time: number;
  /** How often it had been requeued before. */
  readonly requeued: number;
}

/** Which dead letters are meant; all conditions must hold. */
export interface DeadLetterFilter {
  readonly id?: number;
  readonly subscriber?: string;
  /** Pattern of event types. */
  readonly pattern?: string;
  readonly reason?: DeadLetterReason;
  /** Given up at this time or later, milliseconds since the epoch. */
  readonly since?: number;
  /** At most so many, oldest first. Default `Infinity`. */
  readonly limit?: number;
}

/** The dead letters of a bus, as its users see them. */
export interface DeadLetters {
  /** How many there are. */
  readonly size: number;
  /** How many were discarded to make room (`overflow: 'drop-oldest'`) or by hand. */
  readonly discarded: number;
  /** Emits each dead letter as it is added. */
  readonly added$: Observable<DeadLetter>;
  /** Those that match, oldest first. */
  list(filter?: DeadLetterFilter): DeadLetter[];
  get(id: number): DeadLetter | undefined;
  /**
   * Gives those that match back to the subscribers that gave them up, and only to them, and takes them
   * from the list once they are in the mailbox. Resolves to how many; those whose subscriber is gone stay.
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
}

/** What is known of a dead letter before it is stored. */
export type NewDeadLetter = Omit<DeadLetter, 'id' | 'requeued'>;

/** Keeps dead letters in memory, bounded. */
export class DeadLetterStore implements DeadLetters {
  readonly added$: Observable<DeadLetter>;
  discarded = 0;
  readonly #added = new Subject<DeadLetter>();
  readonly #letters = new Map<number, DeadLetter>();
  readonly #capacity: number;
  readonly #overflow: 'hold' | 'drop-oldest';
  readonly #redeliver: (event: EventEnvelope, subscriber: string) => Promise<boolean>;
  /** How often an event that is out again had been requeued; dropped when it is settled for good. */
  readonly #requeues = new Map<EventEnvelope, number>();
  /** Ids that a requeue is giving back now. Their places count as free: who holds one may be whom they go to. */
  readonly #leaving = new Set<number>();
  #waiting: (() => void)[] = [];
  #lastId = 0;

  constructor(
    options: DeadLetterOptions,
    redeliver: (event: EventEnvelope, subscriber: string) => Promise<boolean>,
  ) {
    const { capacity = 10_000, overflow = 'hold' } = options;
    checkInteger('deadLetters.capacity', capacity, 1);
    checkChoice('deadLetters.overflow', overflow, ['hold', 'drop-oldest']);
    this.#capacity = capacity;
    this.#overflow = overflow;
    this.#redeliver = redeliver;
    this.added$ = this.#added.asObservable();
  }

  get size(): number {
    return this.#letters.size;
  }

  /** Stores a dead letter; false, and nothing done, when there is no room and the policy is to hold. */
  add(letter: NewDeadLetter): boolean {
    if (this.#letters.size - this.#leaving.size >= this.#capacity) {
      if (this.#overflow === 'hold') return false;
      this.#discardOldest();
    }
    this.#lastId += 1;
    const requeued = this.#requeues.get(letter.event) ?? 0;
    this.#requeues.delete(letter.event);
    const stored: DeadLetter = { id: this.#lastId, ...letter, requeued };
    this.#letters.set(stored.id, stored);
    this.#added.next(stored);
    return true;
  }

  /** Calls `callback` when there may be room again. */
  whenRoom(callback: () => void): void {
    this.#waiting.push(callback);
  }

  /** An event will not come back: what is known of its requeues is dropped. O(1); free while none is out. */
  settled(event: EventEnvelope): void {
    if (this.#requeues.size > 0) this.#requeues.delete(event);
  }

  list(filter: DeadLetterFilter = {}): DeadLetter[] {
    const { id, subscriber, pattern, reason, since = -Infinity, limit = Infinity } = filter;
    const found: DeadLetter[] = [];
    for (const letter of this.#letters.values()) {
      if (found.length >= limit) break;
      if (id !== undefined && letter.id !== id) continue;
      if (subscriber !== undefined && letter.subscriber !== subscriber) continue;
      if (reason !== undefined && letter.reason !== reason) continue;
      if (letter.time < since) continue;
      if (pattern !== undefined && !matches(pattern, letter.event.type)) continue;
      found.push(letter);
    }
    return found;
  }

  get(id: number): DeadLetter | undefined {
    return this.#letters.get(id);
  }

  async requeue(filter: DeadLetterFilter = {}): Promise<number> {
    let requeued = 0;
    for (const letter of this.list(filter)) {
      // Two requeues at a time must not give one event twice.
      if (!this.#letters.has(letter.id) || this.#leaving.has(letter.id)) continue;
      this.#leaving.add(letter.id);
      this.#requeues.set(letter.event, letter.requeued + 1);
      const taken = this.#taken(letter);
      this.#wake();
      if (await taken) {
        this.#letters.delete(letter.id);
        requeued += 1;
      } else this.#requeues.delete(letter.event);
      this.#leaving.delete(letter.id);
    }
    return requeued;
  }

  discard(filter: DeadLetterFilter = {}): number {
    const letters = this.list(filter);
    for (const letter of letters) this.#letters.delete(letter.id);
    this.discarded += letters.length;
    this.#wake();
    return letters.length;
  }

  async #taken(letter: DeadLetter): Promise<boolean> {
    try {
      return await this.#redeliver(letter.event, letter.subscriber);
    } catch {
      return false;
    }
  }

  #discardOldest(): void {
    for (const id of this.#letters.keys()) {
      if (this.#leaving.has(id)) continue;
      this.#letters.delete(id);
      this.discarded += 1;
      return;
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) callback();
  }
}
