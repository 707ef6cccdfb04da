import type { Clock } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { AskError, type BreakwaterError, TransportError } from '../../streams/event/errors.ts';
import type { Exchange, ExchangeAskOptions, ResponderPorts } from '../exchange.ts';
import { type Answer, AnswerInbox } from './answer-inbox.ts';
import { type NatsExchangePorts, NatsResponder } from './nats-responder.ts';
import { Heads, writeAlone } from './request-message.ts';
import { requestSubject } from './subjects.ts';

/** Milliseconds that an inbox waits where the caller does not say. */
const usualMs = 30_000;

/** Questions and answers over core NATS, by the connection of a transport. */
export class NatsExchange implements Exchange {
  readonly #ports: NatsExchangePorts;
  readonly #inbox: AnswerInbox;
  readonly #responders = new Set<NatsResponder>();
  readonly #heads = new Heads();

  constructor(ports: NatsExchangePorts) {
    this.#ports = ports;
    this.#inbox = new AnswerInbox(ports.link, ports.clock, usualMs);
  }

  /** Resolves once the server knows of all responders. */
  async whenOpen(): Promise<void> {
    await Promise.all(Array.from(this.#responders, ({ opened }) => opened));
  }

  async ask(request: EventEnvelope, { timeoutMs }: ExchangeAskOptions): Promise<EventEnvelope> {
    const { clock, link, format } = this.#ports;
    const { type } = request;
    let connection = link.up;
    let leftMs = timeoutMs;
    if (connection === undefined) {
      const started = clock.monotonic();
      connection = await within(link.connected(), timeoutMs, clock, () => late(type, timeoutMs));
      leftMs = Math.max(1, timeoutMs - (clock.monotonic() - started));
    }
    const { payload, contentType } = writeAlone(
      format,
      'request',
      type,
      request,
      connection.info?.max_payload ?? Infinity,
    );
    const head = this.#heads.of(contentType, Math.ceil(leftMs));
    const subject = requestSubject(link.config.namespace, type);
    const answer = await this.#inbox.ask(connection, subject, payload, head, leftMs);
    if (answer.kind !== 'message') throw withoutAnswer(answer, type, timeoutMs);
    const { message } = answer;
    try {
      const [event, ...more] = format.decode(message.data, message.headers, clock.now());
      if (event !== undefined && more.length === 0) return event;
    } catch (cause) {
      throw malformed(type, describeError(cause), cause);
    }
    throw malformed(type, 'it is not one event');
  }

  respond(ports: ResponderPorts): () => void {
    const responder = new NatsResponder(ports, this.#ports);
    this.#responders.add(responder);
    responder.start();
    return () => {
      this.#responders.delete(responder);
      responder.stop();
    };
  }

  close(): void {
    for (const responder of this.#responders) responder.stop();
    this.#responders.clear();
    this.#inbox.close();
  }
}

function withoutAnswer(
  answer: Exclude<Answer, { kind: 'message' }>,
  type: string,
  timeoutMs: number,
): BreakwaterError {
  switch (answer.kind) {
    case 'nobody':
      return new AskError(`nobody answers ${type}`, { code: 'ERR_ASK_NO_RESPONDER', type });
    case 'timed-out':
      return late(type, timeoutMs);
    case 'denied':
      return new TransportError(`this connection may not ask ${type}: ${describeError(answer.error)}`, {
        cause: answer.error,
      });
    case 'disconnected':
      return new TransportError(
        `the connection to NATS was lost before ${type} was answered; whether it was acted on is unknown`,
      );
  }
}

function late(type: string, timeoutMs: number): AskError {
  return new AskError(`${type} was not answered within ${timeoutMs} ms; whether it was acted on is unknown`, {
    code: 'ERR_ASK_TIMEOUT',
    type,
  });
}

function malformed(type: string, why: string, cause?: unknown): AskError {
  return new AskError(`what answered ${type} cannot be read: ${why}`, {
    code: 'ERR_ASK_MALFORMED',
    type,
    cause,
  });
}

function within<T>(work: Promise<T>, timeoutMs: number, clock: Clock, error: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => reject(error()), timeoutMs);
    void work.then(resolve, reject).finally(() => clock.clearTimeout(timer));
  });
}
