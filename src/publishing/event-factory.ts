import type { Clock } from '../../streams/event/clock.ts';
import {
  EventDraft,
  isDefinition,
  type AnyEventDefinition,
  type EventFields,
} from '../../streams/event/define-event.ts';
import { describeValue } from '../../streams/event/describe-value.ts';
import { Causation } from '../causation.ts';
import { checkEnvelope, checkFields, type EnvelopeLimits } from '../../streams/event/envelope-check.ts';
import { ValidEnvelope, type EventEnvelope } from '../../streams/event/envelope.ts';
import { ValidationError } from '../../streams/event/errors.ts';
import type { EventRegistry } from '../../streams/event/event-registry.ts';
import { createIdGenerator } from '../../streams/event/event-id.ts';
import { checkEventType } from '../../streams/event/event-type.ts';
import { parsePriority, type Priority } from '../../streams/event/priority.ts';
import type { Random } from '../../streams/event/random.ts';
import { validatePayload } from '../../streams/event/validate-payload.ts';
import { readKey, readPriority, readSelectors } from '../read-selectors.ts';

/** Gives more to say about an event that is about to be published: fields to set, metadata to add. */
export type Enricher = (event: EventEnvelope) => EventFields | undefined;

export interface EventFactoryOptions {
  readonly source: string;
  readonly maxClockSkewMs: number;
  readonly maxCausationDepth: number;
  readonly enrich: readonly Enricher[];
}

export interface EventFactoryPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: EventRegistry;
}

/** What a handler's publish inherits from the event that is handled. */
export type Cause = EventEnvelope;

/**
 * Makes the events of one bus: validates the payload, stamps id, time and source, links to the cause.
 *
 * A promise only where a schema is asynchronous. Everything else throws at once.
 */
export class EventFactory {
  readonly #options: EventFactoryOptions;
  readonly #ports: EventFactoryPorts;
  readonly #nextId: () => string;
  readonly #causation: Causation;
  /** The last reading of the clock: one serves the id and the time of an event. */
  #now: number;
  /** Types given as bare text that have been checked. Bounded: cleared when full. */
  readonly #checkedTypes = new Set<string>();

  constructor(options: EventFactoryOptions, ports: EventFactoryPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#now = ports.clock.now();
    this.#causation = new Causation(options.maxCausationDepth, ports.random);
    this.#nextId = createIdGenerator({ clock: { now: () => this.#now }, random: ports.random });
  }

  /**
   * Makes an event of whatever `publish` was given.
   *
   * @throws ValidationError, CausationDepthError; TypeError when `subject` is nothing that can be published.
   */
  make(
    subject: unknown,
    data: unknown,
    fields: EventFields | undefined,
    cause: Cause | undefined,
  ): ValidEnvelope | Promise<ValidEnvelope> {
    if (isDefinition(subject)) return this.#fromDefinition(subject, data, fields, cause);
    if (subject instanceof EventDraft) {
      return this.#fromDefinition(subject.definition, subject.data, subject.fields, cause);
    }
    if (typeof subject === 'string') return this.#fromType(subject, data, fields, cause);
    if (subject instanceof ValidEnvelope)
      return cause === undefined ? copyOf(subject) : this.#causation.linked(subject, cause);
    if (typeof subject === 'object' && subject !== null) return this.#fromEnvelope(subject, cause);
    throw new TypeError(
      `publish takes a definition and its data, a draft, an event, or a type and its data; got ${describeValue(subject)}`,
    );
  }

  /** The id of an event that nobody needs. */
  id(): string {
    this.#readClock();
    return this.#nextId();
  }

  /** Whether `check` can stand in for `make`: enrichers want to see the event itself. */
  get checks(): boolean {
    return this.#options.enrich.length === 0;
  }

  /** Refuses what `make` would refuse, and makes nothing: for events that reach nobody. */
  check(definition: AnyEventDefinition, data: unknown): void | Promise<void> {
    this.#ports.registry.add(definition);
    const valid = validatePayload(definition, data);
    if (valid instanceof Promise) return valid.then((payload: unknown) => readSelectors(definition, payload));
    readSelectors(definition, valid);
  }

  /** An event of Breakwater's own: reserved type, no schema. */
  own(type: string, data: unknown): ValidEnvelope {
    const now = this.#readClock();
    return new ValidEnvelope(
      this.#nextId(),
      type,
      'breakwater',
      now,
      'normal',
      1,
      data,
      undefined,
      undefined,
    );
  }

  #fromDefinition(
    definition: AnyEventDefinition,
    data: unknown,
    fields: EventFields | undefined,
    cause: Cause | undefined,
  ): ValidEnvelope | Promise<ValidEnvelope> {
    this.#ports.registry.add(definition);
    const valid = validatePayload(definition, data);
    if (valid instanceof Promise) {
      return valid.then((payload: unknown) => this.#stampDefined(definition, payload, fields, cause));
    }
    return this.#stampDefined(definition, valid, fields, cause);
  }

  #stampDefined(
    definition: AnyEventDefinition,
    payload: unknown,
    fields: EventFields | undefined,
    cause: Cause | undefined,
  ): ValidEnvelope {
    const key = readKey(definition, payload);
    const priority = readPriority(definition, payload);
    return this.#stamp(definition.type, definition.version, payload, key, priority, fields, cause);
  }

  #fromType(
    type: string,
    data: unknown,
    fields: EventFields | undefined,
    cause: Cause | undefined,
  ): ValidEnvelope | Promise<ValidEnvelope> {
    const { registry } = this.#ports;
    const definition = registry.get(type);
    if (definition !== undefined) return this.#fromDefinition(definition, data, fields, cause);
    this.#checkType(type);
    const admitted = registry.admit(type, 1, data);
    return this.#stamp(type, 1, admitted, undefined, 'normal', fields, cause);
  }

  #fromEnvelope(value: object, cause: Cause | undefined): ValidEnvelope | Promise<ValidEnvelope> {
    const { registry } = this.#ports;
    const checked = checkEnvelope(value, this.#limits());
    const event = cause === undefined ? checked : this.#causation.linked(checked, cause);
    const data = registry.admit(event.type, event.schemaVersion, event.data);
    const version = registry.versionOf(event.type, event.schemaVersion);
    if (data instanceof Promise) {
      return data.then((payload: unknown) => this.#enriched(lifted(event, version, payload)));
    }
    return this.#enriched(data === event.data ? event : lifted(event, version, data));
  }

  #limits(now = this.#readClock()): EnvelopeLimits {
    const { source, maxClockSkewMs } = this.#options;
    return { now, maxClockSkewMs, id: this.#nextId, source };
  }

  #readClock(): number {
    this.#now = this.#ports.clock.now();
    return this.#now;
  }

  #stamp(
    type: string,
    version: number,
    data: unknown,
    key: string | undefined,
    priority: Priority,
    fields: EventFields | undefined,
    cause: Cause | undefined,
  ): ValidEnvelope {
    const { source } = this.#options;
    const now = this.#readClock();
    if (fields === undefined) {
      const links = cause === undefined ? undefined : this.#causation.links(cause, undefined);
      return this.#enriched(
        new ValidEnvelope(this.#nextId(), type, source, now, priority, version, data, key, links),
      );
    }
    const said = checkFields(fields, this.#limits(now));
    return this.#enriched(
      new ValidEnvelope(
        said.id ?? this.#nextId(),
        type,
        said.source ?? source,
        said.time ?? now,
        said.priority === undefined ? priority : parsePriority(said.priority),
        version,
        data,
        said.key ?? key,
        cause === undefined ? said : this.#causation.links(cause, said),
      ),
    );
  }

  #enriched(event: ValidEnvelope): ValidEnvelope {
    let result = event;
    for (const enrich of this.#options.enrich) {
      const fields = runEnricher(enrich, result);
      if (fields !== undefined) result = withFields(result, checkFields(fields, this.#limits()));
    }
    return result;
  }

  #checkType(type: string): void {
    if (this.#checkedTypes.has(type)) return;
    checkEventType(type);
    if (this.#checkedTypes.size >= 10_000) this.#checkedTypes.clear();
    this.#checkedTypes.add(type);
  }
}

function runEnricher(enrich: Enricher, event: ValidEnvelope): EventFields | undefined {
  try {
    return enrich(event);
  } catch (cause) {
    throw new ValidationError(`an enricher threw for event ${event.id} of type ${event.type}`, { cause });
  }
}

function copyOf(event: ValidEnvelope): ValidEnvelope {
  return lifted(event, event.schemaVersion, event.data);
}

function lifted(event: EventEnvelope, schemaVersion: number, data: unknown): ValidEnvelope {
  const { id, type, source, time, priority, key } = event;
  return new ValidEnvelope(id, type, source, time, priority, schemaVersion, data, key, event);
}

function withFields(event: EventEnvelope, fields: EventFields): ValidEnvelope {
  const metadata = { ...event.metadata, ...fields.metadata };
  return new ValidEnvelope(
    event.id,
    event.type,
    fields.source ?? event.source,
    event.time,
    fields.priority === undefined ? event.priority : parsePriority(fields.priority),
    event.schemaVersion,
    event.data,
    fields.key ?? event.key,
    { ...event, ...fields, ...(Object.keys(metadata).length === 0 ? {} : { metadata }) },
  );
}
