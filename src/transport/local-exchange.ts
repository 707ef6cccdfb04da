import type { Clock } from '../../streams/event/clock.ts';
import { ValidEnvelope, type EventEnvelope } from '../../streams/event/envelope.ts';
import { AskError, ClosedError, type Refusal } from '../../streams/event/errors.ts';
import {
  refusalTo,
  type Exchange,
  type ExchangeAskOptions,
  type IncomingRequest,
  type ResponderPorts,
} from '../exchange.ts';

/** Carries questions within the process: to the responders of a type in turn. */
export class LocalExchange implements Exchange {
  readonly #clock: Clock;
  readonly #responders = new Map<string, ResponderPorts[]>();
  /** Who is told that no answer will come. */
  readonly #waiting = new Set<(error: Error) => void>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ask(request: EventEnvelope, { timeoutMs }: ExchangeAskOptions): Promise<EventEnvelope> {
    const { type } = request;
    if (this.#closed) return Promise.reject(new ClosedError('the bus is closed; nothing was asked'));
    const responders = this.#responders.get(type);
    const responder = responders?.shift();
    if (responders === undefined || responder === undefined) {
      return Promise.reject(new AskError(`nobody answers ${type}`, { code: 'ERR_ASK_NO_RESPONDER', type }));
    }
    responders.push(responder);
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#clock.clearTimeout(timer);
        this.#waiting.delete(fail);
      };
      const fail = (error: Error): void => {
        end();
        reject(error);
      };
      const answered = (event: EventEnvelope): void => {
        end();
        resolve(event);
      };
      const late = (): void =>
        fail(
          new AskError(`${type} was not answered within ${timeoutMs} ms`, { code: 'ERR_ASK_TIMEOUT', type }),
        );
      const timer = timeoutMs === Infinity ? undefined : this.#clock.setTimeout(late, timeoutMs);
      this.#waiting.add(fail);
      const deadline = this.#clock.monotonic() + timeoutMs;
      responder.onRequest(new LocalRequest(ownCopy(request), deadline, answered));
    });
  }

  respond(ports: ResponderPorts): () => void {
    const { type } = ports;
    const responders = this.#responders.get(type) ?? [];
    responders.push(ports);
    this.#responders.set(type, responders);
    return () => {
      const at = responders.indexOf(ports);
      if (at >= 0) responders.splice(at, 1);
      if (responders.length === 0 && this.#responders.get(type) === responders) this.#responders.delete(type);
    };
  }

  close(): void {
    this.#closed = true;
    for (const fail of this.#waiting) fail(new ClosedError('the bus was closed before there was an answer'));
  }
}

/** A request is told from others by identity, also one that is asked twice. */
function ownCopy(event: EventEnvelope): ValidEnvelope {
  const { id, type, source, time, priority, schemaVersion, data, key } = event;
  return new ValidEnvelope(id, type, source, time, priority, schemaVersion, data, key, event);
}

class LocalRequest implements IncomingRequest {
  readonly event: ValidEnvelope;
  readonly deadline: number;
  readonly #answered: (event: EventEnvelope) => void;

  constructor(event: ValidEnvelope, deadline: number, answered: (event: EventEnvelope) => void) {
    this.event = event;
    this.deadline = deadline;
    this.#answered = answered;
  }

  reply(answer: EventEnvelope): void {
    this.#answered(answer);
  }

  refuse(refusal: Refusal): void {
    this.#answered(refusalTo(this.event, refusal));
  }
}
