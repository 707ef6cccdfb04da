import type { EventFields } from '../streams/event/define-event.ts';
import { ValidEnvelope, type EventEnvelope, type OptionalFields } from '../streams/event/envelope.ts';
import { CausationDepthError } from '../streams/event/errors.ts';
import type { Random } from '../streams/event/random.ts';
import { childOf } from '../streams/event/trace-context.ts';

/** Links events to the event whose handler published them, and ends chains that grow too long. */
export class Causation {
  readonly #maxDepth: number;
  readonly #random: Random;

  constructor(maxDepth: number, random: Random) {
    this.#maxDepth = maxDepth;
    this.#random = random;
  }

  /**
   * What an event inherits from its cause; what its publisher says of correlation and trace goes before.
   *
   * @throws CausationDepthError
   */
  links(cause: EventEnvelope, fields: EventFields | undefined): OptionalFields {
    const depth = this.#depthAfter(cause);
    const traceparent =
      cause.traceparent === undefined ? undefined : childOf(cause.traceparent, this.#random);
    return {
      correlationId: cause.correlationId ?? cause.id,
      ...(traceparent === undefined ? {} : { traceparent }),
      ...(cause.tracestate === undefined ? {} : { tracestate: cause.tracestate }),
      ...fields,
      causationId: cause.id,
      causationDepth: depth,
    };
  }

  /**
   * A copy of an event that is published whole from a handler. An event that is passed on as it is keeps its
   * own causes, but counts as one more of the chain: two handlers that pass it to each other are a circle too.
   *
   * @throws CausationDepthError
   */
  linked(event: EventEnvelope, cause: EventEnvelope): ValidEnvelope {
    const { id, type, source, time, priority, schemaVersion, data, key } = event;
    const links: OptionalFields =
      id === cause.id ? { ...event, causationDepth: this.#depthAfter(cause) } : this.links(cause, event);
    return new ValidEnvelope(id, type, source, time, priority, schemaVersion, data, key, links);
  }

  #depthAfter(cause: EventEnvelope): number {
    const depth = (cause.causationDepth ?? 0) + 1;
    if (depth <= this.#maxDepth) return depth;
    throw new CausationDepthError(
      `event ${cause.id} of type ${cause.type} is the ${depth}th in a chain of events that cause each other, ` +
        `and at most ${this.#maxDepth} are allowed: most likely handlers publish in a circle. ` +
        'Break the circle, or raise maxCausationDepth',
    );
  }
}
