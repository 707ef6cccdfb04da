import { headers, type MsgHdrs } from '@nats-io/transport-node';
import type { Clock } from '../../streams/event/clock.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { JetStreamPublisher } from './jetstream-publisher.ts';
import { deadLetterSubject } from './subjects.ts';
import { idHeader, type WireFormat, type WireMessage } from './wire-message.ts';

/** Why an event was given up, and by whom. */
export interface GivenUp {
  readonly subscriber: string;
  readonly reason: string;
  readonly attempts: number;
  /** Its place in the stream of events. */
  readonly sequence?: number;
}

/**
 * Copies what subscribers give up into the stream of dead letters, before it leaves the stream's care.
 *
 * The copy comes first, then the acknowledgement: a crash between the two copies again, under the same id.
 */
export class DeadLetterCopies {
  readonly #namespace: string;
  readonly #publisher: JetStreamPublisher;
  readonly #format: WireFormat;
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor(
    config: { readonly namespace: string; readonly timeoutMs: number },
    ports: { readonly publisher: JetStreamPublisher; readonly format: WireFormat; readonly clock: Clock },
  ) {
    this.#namespace = config.namespace;
    this.#timeoutMs = config.timeoutMs;
    this.#publisher = ports.publisher;
    this.#format = ports.format;
    this.#clock = ports.clock;
  }

  /** Copies an event; resolves when it is stored. @throws TransportError */
  copy(event: EventEnvelope, givenUp: GivenUp): Promise<void> {
    const message = this.#format.encode([event], `${givenUp.subscriber}:${event.id}`);
    return this.#store(event.type, message, givenUp);
  }

  /** Copies a message that is no event, byte for byte; `why` says what is wrong with it. @throws TransportError */
  copyRaw(payload: Uint8Array, given: MsgHdrs | undefined, givenUp: GivenUp, why: string): Promise<void> {
    const head = headers();
    for (const name of ['Content-Type', 'Breakwater-Events']) {
      const value = given?.get(name) ?? '';
      if (value !== '') head.set(name, value);
    }
    head.set(idHeader, `${givenUp.subscriber}:${givenUp.sequence ?? 0}:undecodable`);
    head.set('Breakwater-Error', oneLine(why));
    return this.#store('undecodable', { payload, headers: head, count: 1 }, givenUp);
  }

  #store(type: string, message: WireMessage, givenUp: GivenUp): Promise<void> {
    const { subscriber, reason, attempts, sequence } = givenUp;
    message.headers.set('Breakwater-Subscriber', subscriber);
    message.headers.set('Breakwater-Reason', oneLine(reason));
    message.headers.set('Breakwater-Attempts', String(attempts));
    if (sequence !== undefined) message.headers.set('Breakwater-Sequence', String(sequence));
    const subject = deadLetterSubject(this.#namespace, subscriber, type);
    return this.#publisher.store(subject, message, this.#clock.monotonic() + this.#timeoutMs);
  }
}

/** A header's value may hold no line breaks; errors of handlers may. */
function oneLine(text: string): string {
  return text.replaceAll(/[^ -~]/g, ' ').slice(0, 500);
}
