import { ValidEnvelope, type EventEnvelope } from '../streams/event/envelope.ts';
import type { Refusal } from '../streams/event/errors.ts';

/** Types of the two events that answer a request: an answer, and a no. */
export const replyType = 'breakwater.reply';
export const refusalType = 'breakwater.refusal';

/** A request that came in. What answers it first counts; the rest changes nothing. */
export interface IncomingRequest {
  readonly event: ValidEnvelope;
  /** Monotonic milliseconds after which nobody waits for the answer. */
  readonly deadline: number;
  /** @throws CodecError for an answer that cannot be sent; the asker is told so. */
  reply(answer: EventEnvelope): void;
  refuse(refusal: Refusal): void;
}

/** How a question is asked. */
export interface ExchangeAskOptions {
  /** Milliseconds until it is given up. */
  readonly timeoutMs: number;
}

/** Who answers requests of a type. */
export interface ResponderPorts {
  readonly type: string;
  /** Each request goes to one of those who share the type; else to all. */
  readonly shared: boolean;
  readonly onRequest: (request: IncomingRequest) => void;
  /** It gets no requests, and will get none: it may not. */
  readonly onFailed: (error: Error) => void;
}

/**
 * Carries questions and their answers between processes.
 *
 * Obligations. `ask` resolves to the event that answered, an answer or a refusal, of whatever form; it rejects
 * with AskError where nobody answers, in time, or what came is no event, with TransportError where the
 * connection was lost on the way. A request goes to one responder of a type, and is not sent twice.
 */
export interface Exchange {
  ask(request: EventEnvelope, options: ExchangeAskOptions): Promise<EventEnvelope>;
  /** Answers requests from now on; gives what ends that. */
  respond(ports: ResponderPorts): () => void;
}

/** The event that says no to a request. */
export function refusalTo({ id, source, time }: EventEnvelope, refusal: Refusal): ValidEnvelope {
  return new ValidEnvelope(id, refusalType, source, time, 'normal', 1, refusal, undefined, {
    causationId: id,
  });
}
