import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import { ClosedError, TransportError } from '../../streams/event/errors.ts';
import type { Random } from '../../streams/event/random.ts';
import type { Logger } from '../logger.ts';
import type { Published } from '../transport/transport.ts';
import { type Answer, AnswerInbox } from './answer-inbox.ts';
import { encodeBatch } from './encode-batch.ts';
import type { EventBatch } from './event-batch.ts';
import type { NatsLink } from './nats-link.ts';
import { type PublishAnswer, readPublishAnswer } from './publish-answer.ts';
import type { WireFormat, WireMessage } from './wire-message.ts';

export interface JetStreamPublisherConfig {
  /** What a stored message has reached. */
  readonly published: Published;
  /** Milliseconds to wait for an answer before the message is sent again under its id. */
  readonly ackTimeoutMs: number;
}

export interface JetStreamPublisherPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly link: NatsLink;
  readonly format: WireFormat;
  readonly logger: Logger;
}

/** Milliseconds for which a failure counts when nothing is published: then it may be over. */
const troubleMs = 10_000;
/** Milliseconds before a message is sent again: at first, and at most. */
const firstDelayMs = 50;
const longestDelayMs = 1000;

/**
 * Stores messages in a stream, and believes only answers that name where a message is stored.
 *
 * No answer is an unknown outcome: the message is sent again under the same id, which the server keeps for its
 * duplicate window, until it is answered or the deadline has passed. So is one that is called a duplicate and
 * given no sequence: servers before 2.11 say that of messages that are in no log (RELIABILITY, fact 2).
 */
export class JetStreamPublisher {
  readonly #config: JetStreamPublisherConfig;
  readonly #ports: JetStreamPublisherPorts;
  readonly #inbox: AnswerInbox;
  readonly #idPrefix: string;
  #batches = 0;
  #closed = false;
  /** Why the last message that was answered, or was not, has to be sent again. */
  #trouble: string | undefined;
  #troubledAt = 0;

  constructor(config: JetStreamPublisherConfig, ports: JetStreamPublisherPorts) {
    this.#config = config;
    this.#ports = ports;
    this.#inbox = new AnswerInbox(ports.link, ports.clock, config.ackTimeoutMs);
    this.#idPrefix = Math.floor(ports.random() * 2 ** 52).toString(36);
    ports.link.onUp(() => (this.#trouble = undefined));
  }

  /** What of late kept messages from being stored, for people: a stream without a leader, or a full disk. */
  get trouble(): string | undefined {
    const isOver = this.#ports.clock.monotonic() - this.#troubledAt > troubleMs;
    return isOver ? undefined : this.#trouble;
  }

  /** Stores a batch; resolves when the server has it. @throws TransportError, CodecError, ClosedError. */
  async send(batch: EventBatch): Promise<Published> {
    const { link, format } = this.#ports;
    const maxBytes = link.up?.info?.max_payload ?? Infinity;
    const messages = encodeBatch(batch, format, maxBytes, this.#nextId);
    // One after the other: the second half of a key's events must not be stored without the first.
    for (const message of messages) await this.store(batch.slot.subject, message, batch.deadline);
    return this.#config.published;
  }

  /** Stores one message. `deadline` is in monotonic milliseconds. @throws as `send`. */
  async store(subject: string, message: WireMessage, deadline: number): Promise<void> {
    let why = 'no connection';
    for (let attempt = 0; ; attempt += 1) {
      const connection = await this.#connection(deadline, why);
      const answer = await this.#ask(connection, subject, message);
      const verdict = judge(answer, subject);
      if ('stored' in verdict) {
        this.#trouble = undefined;
        return;
      }
      if ('error' in verdict) throw verdict.error;
      why = verdict.again;
      this.#trouble = why;
      this.#troubledAt = this.#ports.clock.monotonic();
      this.#ports.logger.debug({ subject }, `a message to ${subject} is sent again: ${why}`);
      if (answer.kind !== 'disconnected') await this.#pause(attempt, deadline, why);
    }
  }

  readonly #nextId = (): string => {
    this.#batches += 1;
    return `${this.#idPrefix}-${this.#batches}`;
  };

  close(): void {
    this.#closed = true;
    this.#inbox.close();
  }

  #ask(connection: NatsConnection, subject: string, { payload, headers }: WireMessage): Promise<Answer> {
    try {
      return this.#inbox.ask(connection, subject, payload, headers);
    } catch (error) {
      throw new TransportError(`NATS did not take the message: ${describeError(error)}`, { cause: error });
    }
  }

  async #connection(deadline: number, why: string): Promise<NatsConnection> {
    for (;;) {
      if (this.#closed) throw new ClosedError('the transport was closed before the server had answered');
      const { clock, link } = this.#ports;
      const { up } = link;
      if (up !== undefined) return up;
      if (clock.monotonic() >= deadline) throw unknown(why);
      // Its own timeout is shorter than most deadlines; then it is waited for again.
      await link.connected().catch(() => {});
    }
  }

  async #pause(attempt: number, deadline: number, why: string): Promise<void> {
    const { clock, random } = this.#ports;
    const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(attempt, 8)) * (0.5 + random() / 2);
    if (clock.monotonic() + delayMs >= deadline) throw unknown(why);
    await new Promise<void>((resolve) => clock.setTimeout(resolve, delayMs));
  }
}

/** What is to be done after an answer: nothing, to fail, or to send again for the reason given. */
type Verdict = { readonly stored: true } | { readonly error: Error } | { readonly again: string };

const stored: Verdict = { stored: true };

function judge(answer: Answer, subject: string): Verdict {
  switch (answer.kind) {
    case 'denied': {
      const why = describeError(answer.error);
      const { operation } = answer.error;
      const message =
        operation === 'publish'
          ? `this connection may not publish to ${subject}: ${why}`
          : `whether the event is stored is unknown: this connection may not hear the answer. ${why}`;
      return { error: new TransportError(message, { cause: answer.error }) };
    }
    case 'nobody':
      return { again: `no stream takes ${subject}, or it has no leader` };
    case 'timed-out':
      return { again: 'the server did not answer' };
    case 'disconnected':
      return { again: 'the connection was lost' };
    case 'message':
      return judgeStored(readPublishAnswer(answer.message.data), subject);
  }
}

function judgeStored(answer: PublishAnswer, subject: string): Verdict {
  if (answer.kind === 'stored') return stored;
  if (answer.kind === 'unproven') return { again: answer.why };
  return { error: new TransportError(`the stream refused a message to ${subject}: ${answer.why}`) };
}

function unknown(why: string): TransportError {
  return new TransportError(
    `whether the event is stored is unknown: ${why}. Publish it again under the same id`,
  );
}
