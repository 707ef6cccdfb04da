import type { Handler } from '../../actors/handler.ts';
import type { Clock } from '../../streams/event/clock.ts';
import type { RequestDefinition } from '../../streams/event/define-request.ts';
import { ValidEnvelope, type EventEnvelope } from '../../streams/event/envelope.ts';
import { hasCode, type Refusal } from '../../streams/event/errors.ts';
import type { EventRegistry } from '../../streams/event/event-registry.ts';
import { validatePayload } from '../../streams/event/validate-payload.ts';
import { replyType, type IncomingRequest } from '../exchange.ts';
import { refusalOf } from './refusal-of.ts';
import type { Responder } from './request-options.ts';

export interface RespondingPorts {
  readonly clock: Clock;
  readonly registry: EventRegistry;
  readonly source: string;
  readonly newId: () => string;
  readonly incoming: WeakMap<EventEnvelope, IncomingRequest>;
}

/** Makes a handler of a responder: what it gives is the answer, what it throws a refusal. */
export function respondingHandler(
  { reply }: RequestDefinition,
  responder: Responder,
  ports: RespondingPorts,
): Handler {
  return async (event, context) => {
    const request = requestOf(event, ports);
    // Nobody waits for it any more.
    if (ports.clock.monotonic() >= request.deadline) return;
    let asked: EventEnvelope;
    try {
      asked = await admitted(event, ports.registry);
    } catch (error) {
      request.refuse(refusalOf(error));
      return;
    }
    try {
      const answer = await responder(asked, context);
      const checked = validatePayload(reply, answer);
      if (checked instanceof Promise) await checked;
      request.reply(answerTo(event, answer, ports));
    } catch (error) {
      request.refuse(refusalOf(error));
      // To say no is to answer.
      if (!hasCode(error, 'ERR_FATAL')) throw error;
    }
  };
}

/** Refuses all while the breaker is open: who asks now would wait in vain. */
export function refusingHandler(ports: RespondingPorts): Handler {
  const refusal: Refusal = {
    code: 'ERR_BREAKER_OPEN',
    message: 'the breaker of the responder is open',
    retryable: true,
  };
  return (event) => requestOf(event, ports).refuse(refusal);
}

function requestOf(event: EventEnvelope, { incoming }: RespondingPorts): IncomingRequest {
  const request = incoming.get(event);
  if (request !== undefined) return request;
  throw new TypeError(
    `event ${event.id} is no request; middleware must hand on the very event that it was given`,
  );
}

async function admitted(event: EventEnvelope, registry: EventRegistry): Promise<EventEnvelope> {
  const { id, type, source, time, priority, schemaVersion, key } = event;
  const checked = registry.admit(type, schemaVersion, event.data);
  const data = checked instanceof Promise ? ((await checked) as unknown) : checked;
  const version = registry.versionOf(type, schemaVersion);
  return new ValidEnvelope(id, type, source, time, priority, version, data, key, event);
}

function answerTo(
  request: EventEnvelope,
  answer: unknown,
  { clock, newId, source }: RespondingPorts,
): EventEnvelope {
  const { id: causationId, priority, correlationId } = request;
  return new ValidEnvelope(newId(), replyType, source, clock.now(), priority, 1, answer, undefined, {
    causationId,
    ...(correlationId === undefined ? {} : { correlationId }),
  });
}
