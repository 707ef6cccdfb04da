import type { Priority } from './priority.ts';

/** Free-form text about an event, for what has no field of its own. */
export type Metadata = Readonly<Record<string, string>>;

/**
 * An event: an immutable envelope around a typed payload.
 *
 * The fields follow CloudEvents 1.0, see `toCloudEvent`. Optional fields are absent, not `undefined`.
 */
export interface EventEnvelope<Data = unknown, Type extends string = string> {
  /** UUIDv7 text: unique and ordered by time. */
  readonly id: string;
  /** 1 to 16 tokens of `[A-Za-z0-9_-]+` joined by dots, at most 255 characters: `order.placed`. */
  readonly type: Type;
  /** Who published it. */
  readonly source: string;
  /** Event time: milliseconds since the Unix epoch, UTC. */
  readonly time: number;
  /** Which lane it waits in. */
  readonly priority: Priority;
  /** Version of the payload's schema, from 1. */
  readonly schemaVersion: number;
  /** The payload. */
  readonly data: Data;
  /** Ordering and partition key; id of the entity that it is about. */
  readonly key?: string;
  /** The request that it belongs to. */
  readonly correlationId?: string;
  /** Id of the event that caused it. */
  readonly causationId?: string;
  /** How many events lie between it and the first of its causes; absent means 0. */
  readonly causationDepth?: number;
  /** W3C trace context. */
  readonly traceparent?: string;
  /** W3C trace context of vendors. */
  readonly tracestate?: string;
  /** The rest. */
  readonly metadata?: Metadata;
}

/** The fields of an event that may be absent. */
export type OptionalFields = Pick<
  EventEnvelope,
  'key' | 'correlationId' | 'causationId' | 'causationDepth' | 'traceparent' | 'tracestate' | 'metadata'
>;

/**
 * The one shape that events have inside Breakwater. Its class marks an event as validated: a copy made
 * with spread is plain again, and is validated again when it is published.
 *
 * Optional fields are assigned only when present, so that an event without them stays small (5 000 queued
 * events must fit in 1 MB) and copies, JSON and comparisons see no `undefined`.
 */
export class ValidEnvelope<Data = unknown, Type extends string = string> implements EventEnvelope<
  Data,
  Type
> {
  readonly id: string;
  readonly type: Type;
  readonly source: string;
  readonly time: number;
  readonly priority: Priority;
  readonly schemaVersion: number;
  readonly data: Data;
  declare readonly key?: string;
  declare readonly correlationId?: string;
  declare readonly causationId?: string;
  declare readonly causationDepth?: number;
  declare readonly traceparent?: string;
  declare readonly tracestate?: string;
  declare readonly metadata?: Metadata;

  constructor(
    id: string,
    type: Type,
    source: string,
    time: number,
    priority: Priority,
    schemaVersion: number,
    data: Data,
    key: string | undefined,
    rest: OptionalFields | undefined,
  ) {
    this.id = id;
    this.type = type;
    this.source = source;
    this.time = time;
    this.priority = priority;
    this.schemaVersion = schemaVersion;
    this.data = data;
    if (key !== undefined) this.key = key;
    if (rest === undefined) return;
    if (rest.correlationId !== undefined) this.correlationId = rest.correlationId;
    if (rest.causationId !== undefined) this.causationId = rest.causationId;
    if (rest.causationDepth !== undefined) this.causationDepth = rest.causationDepth;
    if (rest.traceparent !== undefined) this.traceparent = rest.traceparent;
    if (rest.tracestate !== undefined) this.tracestate = rest.tracestate;
    if (rest.metadata !== undefined) this.metadata = rest.metadata;
  }
}
