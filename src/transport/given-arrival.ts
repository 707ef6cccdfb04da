import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { Arrival } from './lane-feed.ts';
import type { OnSettled } from './transport.ts';

/** An event that was given up before and comes again, past the server: it has no place there to acknowledge. */
export class GivenArrival implements Arrival {
  readonly event: EventEnvelope;
  readonly position = undefined;
  readonly lost = false;
  attempt = 1;
  readonly #to: string;
  readonly #onSettled: OnSettled | undefined;
  readonly #onGivenUp: ((reason: string | undefined, attempt: number) => void) | undefined;

  /** Tells `onSettled` what `to` did with it; `onGivenUp`, first, when it is given up again. */
  constructor(
    event: EventEnvelope,
    to: string,
    onSettled?: OnSettled,
    onGivenUp?: (reason: string | undefined, attempt: number) => void,
  ) {
    this.event = event;
    this.#to = to;
    this.#onSettled = onSettled;
    this.#onGivenUp = onGivenUp;
  }

  settled(): void {
    this.#onSettled?.(this.event, this.#to, 'handled');
  }

  givenUp(reason: string | undefined, attempt: number): void {
    this.#onGivenUp?.(reason, attempt);
    this.#onSettled?.(this.event, this.#to, 'dead-lettered', reason);
  }
}
