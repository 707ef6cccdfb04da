import { type NatsConnection, PermissionViolationError } from '@nats-io/transport-node';
import type { Clock } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import { TransportError } from '../../streams/event/errors.ts';
import type { Published } from '../transport/transport.ts';
import { encodeBatch } from './encode-batch.ts';
import type { EventBatch } from './event-batch.ts';
import type { NatsLink } from './nats-link.ts';
import type { WireFormat } from './wire-message.ts';

const published: Published = Object.freeze({ level: 'accepted', matched: -1 });

/**
 * Sends messages, and finds out whether the server has taken them: a round trip behind all of one step says so.
 *
 * The server answers in order, so a refusal comes before the end of the round trip. When the connection is
 * lost in between, nobody knows what was taken: the publish fails, and is not tried again.
 */
export class CorePublisher {
  readonly #clock: Clock;
  readonly #link: NatsLink;
  readonly #format: WireFormat;
  readonly #leave: () => void;
  /** Subjects that this connection was told it may not publish to. */
  readonly #denied = new Map<string, Error>();
  #messages = 0;
  /** The round trip behind what is sent in this step. */
  #trip: Promise<void> | undefined;

  constructor(link: NatsLink, format: WireFormat, clock: Clock) {
    this.#clock = clock;
    this.#link = link;
    this.#format = format;
    this.#leave = link.onError((error) => {
      if (!(error instanceof PermissionViolationError) || error.operation !== 'publish') return;
      if (this.#denied.size >= 1000) this.#denied.clear();
      this.#denied.set(error.subject, error);
    });
  }

  /** Sends a batch; resolves when the server has taken it. @throws TransportError, CodecError. */
  async send(batch: EventBatch): Promise<Published> {
    const { subject } = batch.slot;
    const { up } = this.#link;
    if (up === undefined) throw lost();
    const messages = encodeBatch(batch, this.#format, up.info?.max_payload ?? Infinity, this.#nextId);
    this.#denied.delete(subject);
    try {
      for (const { payload, headers } of messages) up.publish(subject, payload, { headers });
      this.#trip ??= this.#roundTrip(up);
      await this.#trip;
    } catch (error) {
      throw lost(error);
    }
    const denied = this.#denied.get(subject);
    if (denied === undefined) return published;
    throw new TransportError(`this connection may not publish to ${subject}: ${describeError(denied)}`, {
      cause: denied,
    });
  }

  close(): void {
    this.#leave();
  }

  async #roundTrip(up: NatsConnection): Promise<void> {
    // Not at once: it is to be behind the messages of other subjects, too.
    await Promise.resolve();
    this.#trip = undefined;
    await up.flush();
    // A refusal came first, but the client tells of it by a way of its own, which is longer.
    await new Promise<void>((resolve) => this.#clock.yieldTurn(resolve));
  }

  readonly #nextId = (): string => {
    this.#messages += 1;
    return String(this.#messages);
  };
}

function lost(cause?: unknown): TransportError {
  return new TransportError(
    'the connection to NATS was lost before the server had taken the event; whether it did is unknown',
    { cause },
  );
}
