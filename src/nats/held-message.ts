import type { Acknowledger } from './acknowledger.ts';
import type { Ownership } from './ownership.ts';

export interface HeldMessagePorts {
  readonly acknowledger: Acknowledger;
  /** One event of it has settled. */
  readonly onEvent: () => void;
  /** It is done with; `again` where it will come again. */
  readonly onDone: (held: HeldMessage, again: boolean) => void;
  /** An event that was not settled comes again, here or elsewhere: it is not to be taken for a duplicate. */
  readonly onAgain: (id: string) => void;
  /** No handler has any of its events any more. */
  readonly onIdle: () => void;
  /** Where it may be acted on for as long as a lease holds. */
  readonly owner: Ownership | undefined;
}

/** One event of a message. */
export interface HeldEvent {
  readonly event: { readonly id: string };
  /** Whether it needs no more care. */
  readonly done: boolean;
  /** Whether a handler has had it. */
  readonly tried: boolean;
}

/**
 * One message that is being worked on: acknowledged when the last of its events has settled.
 *
 * Events settle one by one, in any order; those that failed are retried or given up without the others.
 */
export class HeldMessage {
  readonly sequence: number;
  /** How often the server has delivered it. */
  readonly deliveries: number;
  /** Monotonic milliseconds. */
  readonly arrivedAt: number;
  readonly events: HeldEvent[] = [];
  /** Where it is acknowledged: the latest delivery's, if it came again. */
  reply: string;
  /** Events that are not settled. */
  left = 0;
  /** Handlers that have one of its events now. */
  running = 0;
  /** Nothing more of it is to be started: it goes to another process. */
  leaving = false;
  /** Places of events that an owner before has settled. */
  settledBefore: ReadonlySet<number> | undefined;
  readonly #ports: HeldMessagePorts;
  #open = false;
  #ended = false;
  #lost = false;

  constructor(
    place: Pick<HeldMessage, 'sequence' | 'deliveries' | 'arrivedAt' | 'reply'>,
    ports: HeldMessagePorts,
  ) {
    this.sequence = place.sequence;
    this.deliveries = place.deliveries;
    this.arrivedAt = place.arrivedAt;
    this.reply = place.reply;
    this.#ports = ports;
  }

  /** Whether another process may have it now. */
  get lost(): boolean {
    return this.#lost || this.#ports.owner?.holds() === false;
  }

  get fencingToken(): number | undefined {
    return this.#ports.owner?.token;
  }

  /** Whether handlers have had all of it, and have it no more. */
  get tried(): boolean {
    return this.running === 0 && this.events.every(({ done, tried }) => done || tried);
  }

  /** Places of its events that are settled. */
  get settledPlaces(): number[] {
    return this.events.flatMap(({ done }, place) => (done ? [place] : []));
  }

  /** A handler has let go of one of its events. */
  stopOne(): void {
    this.running -= 1;
    if (this.running === 0) this.#ports.onIdle();
  }

  /** All its events have been given out: from now on it may end. */
  opened(): void {
    this.#open = true;
    if (this.left === 0) this.#acknowledge();
  }

  /** One of its events is done with. */
  settleOne(): void {
    this.left -= 1;
    if (!this.#open || this.#ended) return;
    this.#ports.onEvent();
    if (this.left === 0) this.#acknowledge();
  }

  /** It is to come again, here or elsewhere: what of it was not settled could not be. */
  giveBack(delayMs = 0): void {
    if (this.#end(true)) this.#ports.acknowledger.nak(this.reply, delayMs);
  }

  /** Another process has it now. */
  lose(): void {
    this.#lost = true;
    this.#end(true);
  }

  inProgress(): void {
    this.#ports.acknowledger.inProgress(this.reply);
  }

  #acknowledge(): void {
    // An owner that was stopped and has woken up must not speak for the next one.
    if (this.lost) this.lose();
    else if (this.#end(false)) this.#ports.acknowledger.ack(this.reply);
  }

  #end(again: boolean): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    if (again) for (const { event, done } of this.events) if (!done) this.#ports.onAgain(event.id);
    this.#ports.onDone(this, again);
    return true;
  }
}
