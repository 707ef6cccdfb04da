import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { HeldMessage } from './held-message.ts';
import type { Arrival } from '../transport/lane-feed.ts';
import { positionOf } from './stream-position.ts';

/** What to do about an event that is given up. */
export type CopyArrival = (arrival: StreamArrival, reason: string | undefined, attempts: number) => void;

/** One event of a message of a stream. */
export class StreamArrival implements Arrival {
  readonly position: number;
  readonly held: HeldMessage;
  event: EventEnvelope;
  done = false;
  tried = false;
  attempt: number;
  readonly #copy: CopyArrival;
  #running = false;

  constructor(event: EventEnvelope, place: number, held: HeldMessage, copy: CopyArrival) {
    this.event = event;
    this.position = positionOf(held.sequence, place);
    this.held = held;
    // It may have been tried as often as it was delivered: nobody came back to say.
    this.attempt = held.deliveries;
    this.#copy = copy;
  }

  get lost(): boolean {
    return this.held.lost || (this.held.leaving && !this.#running);
  }

  get fencingToken(): number | undefined {
    return this.held.fencingToken;
  }

  started(): void {
    this.#running = true;
    this.tried = true;
    this.held.running += 1;
  }

  parked(): void {
    if (!this.#running) return;
    this.#running = false;
    this.held.stopOne();
  }

  settled(): void {
    this.done = true;
    this.held.settleOne();
    this.parked();
  }

  givenUp(reason: string | undefined, attempt: number): void {
    this.#copy(this, reason, attempt);
  }
}
