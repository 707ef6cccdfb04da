import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { Arrival } from '../transport/lane-feed.ts';
import type { EntryFields } from './entry-format.ts';

/** A copy of what was given up. */
export interface DeadLetter extends EntryFields {
  readonly reason: string;
  readonly attempts: number;
}

/** Makes the copy of one event. */
export type CopyEvent = (event: EventEnvelope, reason: string, attempts: number) => DeadLetter;

/**
 * One entry that is being worked on: acknowledged when the last of its events has settled, together with the
 * copies of those that were given up.
 */
export class HeldEntry {
  readonly id: string;
  /** How often the server has delivered it. */
  readonly deliveries: number;
  readonly events: EntryArrival[] = [];
  readonly letters: DeadLetter[] = [];
  /** Events that are not settled. */
  left = 0;
  /** Whether another process has it now. */
  lost = false;
  readonly #onEvent: () => void;
  readonly #onDone: (held: HeldEntry) => void;
  #open = false;

  constructor(id: string, deliveries: number, onEvent: () => void, onDone: (held: HeldEntry) => void) {
    this.id = id;
    this.deliveries = deliveries;
    this.#onEvent = onEvent;
    this.#onDone = onDone;
  }

  /** All its events have been given out: from now on it may be done. */
  opened(): void {
    this.#open = true;
    if (this.left === 0) this.#onDone(this);
  }

  settleOne(): void {
    this.left -= 1;
    if (!this.#open || this.lost) return;
    this.#onEvent();
    if (this.left === 0) this.#onDone(this);
  }
}

/** One event of an entry. */
export class EntryArrival implements Arrival {
  event: EventEnvelope;
  /** An entry's id is no number. */
  readonly position = undefined;
  attempt: number;
  done = false;
  readonly #held: HeldEntry;
  readonly #copy: CopyEvent;

  constructor(event: EventEnvelope, held: HeldEntry, copy: CopyEvent) {
    this.event = event;
    this.#held = held;
    this.#copy = copy;
    // It may have been tried as often as it was delivered: nobody came back to say.
    this.attempt = held.deliveries;
  }

  get lost(): boolean {
    return this.#held.lost;
  }

  settled(): void {
    this.done = true;
    this.#held.settleOne();
  }

  givenUp(reason: string | undefined, attempts: number): void {
    // The bus has closed, nothing else: the event stays in the stream, for whoever asks next.
    if (reason === 'closed') return;
    this.#held.letters.push(this.#copy(this.event, reason ?? 'given up', attempts));
    this.settled();
  }
}
