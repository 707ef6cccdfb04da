import type { StandardSchemaV1 } from '@standard-schema/spec';
import { describeValue } from './describe-value.ts';
import type { EventEnvelope, Metadata } from './envelope.ts';
import { checkEventType } from './event-type.ts';
import { parsePriority, type Priority, type PriorityInput } from './priority.ts';

/** What a publisher may say about one event; everything else is stamped by the bus. */
export interface EventFields {
  /** Default: a new UUIDv7. */
  readonly id?: string;
  /** Event time, milliseconds since the epoch. Default: now. */
  readonly time?: number;
  /** Default: the bus's `source`. */
  readonly source?: string;
  /** Default: the definition's. */
  readonly priority?: PriorityInput;
  /** Default: the definition's. */
  readonly key?: string;
  readonly correlationId?: string;
  readonly causationId?: string;
  readonly traceparent?: string;
  readonly tracestate?: string;
  readonly metadata?: Metadata;
}

/** Lifts a payload by one schema version. */
export type Upcast = (data: unknown) => unknown;

export interface DefineEventOptions<Data> {
  /** Ordering and partition key, or how to read it from the payload. */
  readonly key?: string | ((data: Data) => string | undefined);
  /** Lane, or how to read it from the payload. Default `'normal'`. */
  readonly priority?: PriorityInput | ((data: Data) => PriorityInput);
  /** Version of the schema, from 1. Default `1`. */
  readonly version?: number;
  /** How to lift payload version n to n + 1, for each n below `version` that may still be read. */
  readonly upcast?: Readonly<Record<number, Upcast>>;
}

/** An event before it is published: validated and stamped with id and time by the bus that publishes it. */
export class EventDraft<Type extends string = string, Input = unknown, Data = unknown> {
  readonly definition: EventDefinition<Type, Input, Data>;
  readonly data: Input;
  readonly fields: EventFields | undefined;

  constructor(definition: EventDefinition<Type, Input, Data>, data: Input, fields: EventFields | undefined) {
    this.definition = definition;
    this.data = data;
    this.fields = fields;
  }

  /** The definition's: a draft is what a state machine may `emit`, too. */
  get type(): Type {
    return this.definition.type;
  }
}

/** A draft of whatever type and payload: what all drafts have in common, as {@link AnyEventDefinition} is of definitions. */
export interface AnyEventDraft {
  readonly definition: AnyEventDefinition;
  readonly data: unknown;
  readonly fields: EventFields | undefined;
}

/** A typed event: call it to make a draft, or hand it to `publish` and `subscribe`. */
export interface EventDefinition<Type extends string = string, Input = unknown, Data = unknown> {
  (data: Input, fields?: EventFields): EventDraft<Type, Input, Data>;
  readonly type: Type;
  readonly schema: StandardSchemaV1<Input, Data>;
  readonly version: number;
  readonly upcast: Readonly<Record<number, Upcast>>;
  /** The key of a payload. */
  keyOf(this: void, data: Data): string | undefined;
  /** The priority of a payload. */
  priorityOf(this: void, data: Data): Priority;
}

/**
 * A definition of whatever type and payload. Its input is `never` and its call takes anything: what all
 * definitions have in common.
 */
export interface AnyEventDefinition {
  readonly type: string;
  readonly schema: StandardSchemaV1;
  readonly version: number;
  readonly upcast: Readonly<Record<number, Upcast>>;
  keyOf(this: void, data: never): string | undefined;
  priorityOf(this: void, data: never): Priority;
}

/** The event that a definition describes. */
export type EventOf<Definition> =
  Definition extends EventDefinition<infer Type, infer _Input, infer Data>
    ? EventEnvelope<Data, Type>
    : never;

/**
 * Defines a type of event by the schema of its payload, with any Standard Schema library.
 *
 * @throws ValidationError when `type` is not a valid event type; RangeError or TypeError for bad options.
 *
 * @example
 * ```ts
 * const orderPlaced = defineEvent('order.placed', z.object({ orderId: z.string(), total: z.number() }), {
 *   key: (order) => order.orderId,
 * });
 * await bus.publish(orderPlaced, { orderId: '42', total: 99.5 });
 * ```
 */
export function defineEvent<const Type extends string, Schema extends StandardSchemaV1>(
  type: Type,
  schema: Schema,
  options: DefineEventOptions<StandardSchemaV1.InferOutput<Schema>> = {},
): EventDefinition<Type, StandardSchemaV1.InferInput<Schema>, StandardSchemaV1.InferOutput<Schema>> {
  type Input = StandardSchemaV1.InferInput<Schema>;
  type Data = StandardSchemaV1.InferOutput<Schema>;
  checkEventType(type);
  checkSchema(type, schema);
  const { version = 1, upcast = {} } = options;
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new RangeError(
      `version of ${type} must be an integer of at least 1, got ${describeValue(version)}`,
    );
  }

  const draft = (data: Input, fields?: EventFields): EventDraft<Type, Input, Data> =>
    new EventDraft(definition, data, fields);
  const definition: EventDefinition<Type, Input, Data> = Object.assign(draft, {
    type,
    schema,
    version,
    upcast,
    keyOf: keySelector(options.key),
    priorityOf: prioritySelector(options.priority),
  });
  return definition;
}

/** Whether a value is what `defineEvent` gives. */
export function isDefinition(value: unknown): value is AnyEventDefinition {
  return typeof value === 'function' && 'schema' in value && 'keyOf' in value && 'type' in value;
}

function checkSchema(type: string, schema: unknown): void {
  const isSchema =
    (typeof schema === 'object' || typeof schema === 'function') &&
    schema !== null &&
    '~standard' in schema &&
    typeof (schema['~standard'] as { validate?: unknown } | undefined)?.validate === 'function';
  if (!isSchema) {
    throw new TypeError(
      `schema of ${type} must be a Standard Schema (zod, valibot, arktype …), got ${describeValue(schema)}`,
    );
  }
}

function keySelector<Data>(key: DefineEventOptions<Data>['key']): (data: Data) => string | undefined {
  if (typeof key === 'function') return key;
  return () => key;
}

function prioritySelector<Data>(priority: DefineEventOptions<Data>['priority']): (data: Data) => Priority {
  if (typeof priority === 'function') return (data) => parsePriority(priority(data));
  const fixed = parsePriority(priority ?? 'normal');
  return () => fixed;
}
