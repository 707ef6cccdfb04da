import type { Msg } from '@nats-io/transport-node';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { Logger } from '../logger.ts';
import type { DeadLetterCopies, GivenUp } from './dead-letter-copies.ts';
import type { HeldMessage } from './held-message.ts';
import type { StreamArrival } from './stream-arrival.ts';

/** Milliseconds before a message comes again of which something could not be copied. */
const copyAgainMs = 5000;

/**
 * What becomes of events that a subscriber gives up: copied to the dead letters first, then settled.
 *
 * Without its copy an event must not leave the stream's care: its message comes again.
 */
export class StreamGiverUp {
  readonly #subscriber: string;
  readonly #copies: DeadLetterCopies;
  readonly #logger: Logger;
  #stopped = false;

  constructor(subscriber: string, ports: { readonly copies: DeadLetterCopies; readonly logger: Logger }) {
    this.#subscriber = subscriber;
    this.#copies = ports.copies;
    this.#logger = ports.logger;
  }

  /** From now on failures are nobody's any more: what was not copied comes again elsewhere. */
  stop(): void {
    this.#stopped = true;
  }

  readonly copy = (arrival: StreamArrival, reason: string | undefined, attempts: number): void => {
    const { held, event } = arrival;
    // The bus has closed, nothing else: the event stays in the stream, for whoever asks next.
    if (reason === 'closed' || held.lost) return;
    this.#copies.copy(event, this.#givenUp(reason, attempts, held.sequence)).then(
      () => arrival.settled(),
      (error: unknown) => this.#failed(error, held),
    );
  };

  /** Gives up a message that is no event. */
  copyRaw(message: Msg, held: HeldMessage, fault: unknown): void {
    const why = describeError(fault);
    const { subject, data, headers } = message;
    const { sequence, deliveries } = held;
    const subscriber = this.#subscriber;
    held.left += 1;
    this.#logger.warn(
      { subscriber, subject, sequence },
      `${subscriber} cannot read message ${sequence} on ${subject}; it goes to the dead letters: ${why}`,
    );
    this.#copies.copyRaw(data, headers, this.#givenUp('undecodable', deliveries, sequence), why).then(
      () => held.settleOne(),
      (error: unknown) => this.#failed(error, held),
    );
  }

  /** Gives up an event that was given past the stream. */
  copyAlone(event: EventEnvelope, reason: string | undefined, attempts: number): void {
    if (reason === 'closed') return;
    this.#copies.copy(event, this.#givenUp(reason, attempts)).catch((error: unknown) => {
      this.#log(`was not copied: ${describeError(error)}`, error);
    });
  }

  #givenUp(reason: string | undefined, attempts: number, sequence?: number): GivenUp {
    const given = { subscriber: this.#subscriber, reason: reason ?? 'given up', attempts };
    return sequence === undefined ? given : { ...given, sequence };
  }

  #failed(error: unknown, held: HeldMessage): void {
    if (this.#stopped) return;
    this.#log(`could not be copied and comes again: ${describeError(error)}`, error);
    held.giveBack(copyAgainMs);
  }

  #log(what: string, error: unknown): void {
    const subscriber = this.#subscriber;
    this.#logger.error({ subscriber, error }, `a dead letter of ${subscriber} ${what}`);
  }
}
