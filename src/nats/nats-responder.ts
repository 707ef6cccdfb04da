import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import type { Clock } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import { ValidEnvelope, type EventEnvelope } from '../../streams/event/envelope.ts';
import { AskError, CodecError, TransportError, type Refusal } from '../../streams/event/errors.ts';
import { foreignEventId } from '../../streams/event/foreign-id.ts';
import { refusalTo, replyType, type IncomingRequest, type ResponderPorts } from '../exchange.ts';
import type { Logger } from '../logger.ts';
import { LogThrottle } from '../log-throttle.ts';
import type { NatsLink } from './nats-link.ts';
import { Heads, readTimeout, timeoutHeader, writeAlone } from './request-message.ts';
import { requestSubject } from './subjects.ts';
import type { WireFormat } from './wire-message.ts';

export interface NatsExchangePorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly link: NatsLink;
  readonly format: WireFormat;
}

/** Milliseconds that an asker is taken to wait that does not say. */
const usualMs = 30_000;
const queueGroup = 'responders';

/**
 * Takes the requests of one type from the server.
 *
 * Who asks also says where to answer. Answers go to inboxes alone: a request cannot make its responder, with its
 * permissions, publish an event, acknowledge a message or change a bucket.
 */
export class NatsResponder {
  /** Resolves once the server knows of it, or cannot be reached. */
  opened: Promise<void> = Promise.resolve();
  readonly #ports: ResponderPorts;
  readonly #exchange: NatsExchangePorts;
  readonly #subject: string;
  readonly #inboxes: RegExp;
  readonly #log: LogThrottle;
  readonly #heads = new Heads();
  #leave: (() => void)[] = [];
  #connection: NatsConnection | undefined;
  #subscription: Subscription | undefined;

  constructor(ports: ResponderPorts, exchange: NatsExchangePorts) {
    const { namespace } = exchange.link.config;
    this.#ports = ports;
    this.#exchange = exchange;
    this.#subject = requestSubject(namespace, ports.type);
    this.#inboxes = new RegExp(`^_INBOX(?:_${namespace})?\\.[\\w.-]+$`);
    this.#log = new LogThrottle(exchange.clock);
  }

  start(): void {
    const { link } = this.#exchange;
    this.#leave = [link.onUp(this.#listen), link.onError(this.#denied)];
    this.opened = this.#open();
  }

  /** Asks for no more. What is on its way still comes: its asker would wait for nothing otherwise. */
  stop(): void {
    for (const leave of this.#leave.splice(0)) leave();
    // The connection may be closed, and all with it.
    this.#subscription?.drain().catch(nothing);
    this.#subscription = undefined;
    this.#connection = undefined;
  }

  async #open(): Promise<void> {
    const { link, logger } = this.#exchange;
    try {
      const connection = await link.connected();
      await connection.flush();
    } catch (error) {
      const { type } = this.#ports;
      logger.warn({ type, error }, `the responder of ${type} waits for NATS: ${describeError(error)}`);
    }
  }

  readonly #listen = (connection: NatsConnection): void => {
    // The client renews the subscriptions of a connection that it has dialled again.
    if (connection === this.#connection) return;
    this.#connection = connection;
    this.#subscription = connection.subscribe(this.#subject, {
      callback: (error, message) => {
        if (error === null) this.#arrived(message, connection);
      },
      ...(this.#ports.shared ? { queue: queueGroup } : {}),
    });
  };

  readonly #denied = (error: Error): void => {
    const { operation, subject } = error as { operation?: unknown; subject?: unknown };
    if (operation !== 'subscription' || subject !== this.#subject) return;
    this.#ports.onFailed(
      new TransportError(`this connection may not answer on ${this.#subject}`, { cause: error }),
    );
  };

  #arrived(message: Msg, connection: NatsConnection): void {
    const { clock, format } = this.#exchange;
    const { type } = this.#ports;
    const { reply = '' } = message;
    if (!this.#inboxes.test(reply)) {
      this.#drop(`it wants its answer at ${JSON.stringify(reply.slice(0, 80))}, which is no inbox`);
      return;
    }
    const way = { connection, format, heads: this.#heads, reply };
    const deadline = clock.monotonic() + readTimeout(message.headers?.get(timeoutHeader), usualMs);
    let event: ValidEnvelope;
    try {
      event = this.#eventOf(message, clock.now());
    } catch (error) {
      const why = describeError(error);
      this.#drop(why);
      new NatsRequest(nameless(reply, clock.now()), deadline, type, way).refuse({
        code: 'ERR_CODEC',
        message: why,
        retryable: false,
      });
      return;
    }
    this.#ports.onRequest(new NatsRequest(event, deadline, type, way));
  }

  #eventOf(message: Msg, now: number): ValidEnvelope {
    const [event, ...more] = this.#exchange.format.decode(message.data, message.headers, now);
    if (event === undefined || more.length > 0) throw new CodecError('it is not one event');
    if (event.type === this.#ports.type) return event;
    throw new CodecError(`it holds an event of type ${event.type}`);
  }

  #drop(why: string): void {
    const withheld = this.#log.pass();
    if (withheld === undefined) return;
    this.#exchange.logger.warn(
      { type: this.#ports.type },
      `a request on ${this.#subject} is not ours and is dropped: ${why}` +
        (withheld === 0 ? '' : ` (and ${withheld} more before)`),
    );
  }
}

/** Stands for a request that could not be read. */
function nameless(reply: string, now: number): ValidEnvelope {
  const id = foreignEventId('breakwater', reply);
  return new ValidEnvelope(id, replyType, 'breakwater', now, 'normal', 1, undefined, undefined, undefined);
}

interface AnswerWay {
  readonly connection: NatsConnection;
  readonly format: NatsExchangePorts['format'];
  readonly heads: Heads;
  readonly reply: string;
}

class NatsRequest implements IncomingRequest {
  readonly event: ValidEnvelope;
  readonly deadline: number;
  readonly #type: string;
  readonly #way: AnswerWay;
  #answered = false;

  constructor(event: ValidEnvelope, deadline: number, type: string, way: AnswerWay) {
    this.event = event;
    this.deadline = deadline;
    this.#type = type;
    this.#way = way;
  }

  reply(answer: EventEnvelope): void {
    if (this.#answered) return;
    try {
      this.#send(answer);
    } catch (error) {
      const code = error instanceof AskError ? error.code : 'ERR_CODEC';
      this.refuse({ code, message: describeError(error), retryable: false });
      throw error;
    }
  }

  refuse(refusal: Refusal): void {
    if (!this.#answered) this.#send(refusalTo(this.event, refusal));
  }

  #send(answer: EventEnvelope): void {
    const { connection, format, heads, reply } = this.#way;
    const mostBytes = connection.info?.max_payload ?? Infinity;
    const { payload, contentType } = writeAlone(format, 'reply', this.#type, answer, mostBytes);
    this.#answered = true;
    // While the connection is away there is nobody to tell: its asker has given up, too.
    if (!connection.isClosed()) connection.publish(reply, payload, { headers: heads.of(contentType) });
  }
}

function nothing(): void {}
