import { checkText } from './check-field.ts';
import {
  keptId,
  keptTime,
  metadataAttributes,
  ownAttributes,
  readAttributes,
  readMetadata,
} from './cloud-event-attributes.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { describeValue } from './describe-value.ts';
import { checkEnvelope, type EnvelopeLimits } from './envelope-check.ts';
import type { EventEnvelope } from './envelope.ts';
import { CodecError, ValidationError } from './errors.ts';
import { fieldError, faultError } from './field-error.ts';
import { foreignEventId } from './foreign-id.ts';
import { copyJson } from './json-data.ts';
import { formatRfc3339, parseRfc3339 } from './rfc3339.ts';

/** An event in the JSON format of CloudEvents 1.0. */
export interface CloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly time?: string;
  readonly data?: unknown;
  readonly data_base64?: string;
  /** `datacontenttype`, `dataschema`, `subject` and extension attributes. */
  readonly [attribute: string]: unknown;
}

export interface ToCloudEventOptions {
  /** Elements and members in the payload at most. Default `16_384`. */
  readonly maxItems?: number;
}

/** The last millisecond that RFC 3339 can write. */
const lastMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/**
 * Writes an event in the JSON format of CloudEvents 1.0, without loss: `fromCloudEvent` gives it back.
 *
 * Fields that CloudEvents does not know become extension attributes (`key` as `partitionkey`), and so does metadata
 * whose names CloudEvents allows; the rest of it is one attribute, `metadata`, as JSON text. Priority `normal` and
 * schema version 1 go without saying. A Uint8Array as payload becomes `data_base64`.
 *
 * @throws ValidationError when the payload holds what JSON would drop or change.
 */
export function toCloudEvent(event: EventEnvelope, options: ToCloudEventOptions = {}): CloudEvent {
  const { maxItems = 16_384 } = options;
  const { id, source, type, time, priority, schemaVersion, data, metadata = {} } = event;
  if (!(time >= 0 && time <= lastMs)) throw fieldError('time', 'lie in the years 1970 to 9999', time);
  const idThere = metadata[keptId];
  const timeThere = metadata[keptTime];
  const keepsId = idThere !== undefined && foreignEventId(source, idThere) === id;
  const keepsTime = timeThere !== undefined && parseRfc3339(timeThere)?.ms === time;
  const restored = new Set([...(keepsId ? [keptId] : []), ...(keepsTime ? [keptTime] : [])]);
  return {
    specversion: '1.0',
    id: keepsId ? idThere : id,
    source,
    type,
    time: keepsTime ? timeThere : formatRfc3339(time),
    ...present('priority', priority === 'normal' ? undefined : priority),
    ...present('schemaversion', schemaVersion === 1 ? undefined : schemaVersion),
    ...present('partitionkey', event.key),
    ...present('correlationid', event.correlationId),
    ...present('causationid', event.causationId),
    ...present('causationdepth', event.causationDepth),
    ...present('traceparent', event.traceparent),
    ...present('tracestate', event.tracestate),
    ...metadataAttributes(metadata, restored),
    ...dataMembers(data, maxItems),
  };
}

/**
 * Reads an event in the JSON format of CloudEvents 1.0. Attributes without a field of their own go to the metadata,
 * as text. What it gives is plain: it is validated again when it is published.
 *
 * An id that is no UUID becomes one made of source and id, an absent `time` becomes `limits.now`; both can be told
 * from the metadata, and `toCloudEvent` restores the id.
 *
 * @throws ValidationError, and no other error, for whatever is no CloudEvent that fits an event.
 */
export function fromCloudEvent(value: unknown, limits: EnvelopeLimits): EventEnvelope {
  if (typeof value !== 'object' || value === null) {
    throw new ValidationError(`CloudEvent must be an object, got ${describeValue(value)}`);
  }
  let attributes: Map<string, unknown>;
  try {
    attributes = readAttributes(value);
  } catch (cause) {
    if (cause instanceof ValidationError) throw cause;
    throw new ValidationError('CloudEvent could not be read: it threw. Pass a plain object', { cause });
  }
  if (attributes.get('specversion') !== '1.0') {
    throw fieldError('specversion', "be '1.0'", attributes.get('specversion'));
  }
  const envelope: Record<string, unknown> = {};
  for (const [attribute, field] of ownAttributes) {
    if (field !== undefined && attributes.has(attribute)) envelope[field] = attributes.get(attribute);
  }
  const metadata = readMetadata(attributes);
  readId(envelope, metadata);
  readTime(envelope, metadata);
  envelope['data'] = readData(attributes);
  for (const field of ['schemaVersion', 'causationDepth']) envelope[field] = readInteger(envelope[field]);
  // Made of entries, a name like __proto__ is a member like any other, which the check then refuses.
  envelope['metadata'] = metadata.size > 0 ? Object.fromEntries(metadata) : undefined;
  // A copy without the class that marks what has been validated, since the payload has not.
  return Object.assign({}, checkEnvelope(envelope, limits));
}

function readId(envelope: Record<string, unknown>, metadata: Map<string, string>): void {
  const id = checkText('id', envelope['id']);
  const source = checkText('source', envelope['source']);
  envelope['id'] = foreignEventId(source, id);
  if (envelope['id'] !== id) metadata.set(keptId, id);
}

function readTime(envelope: Record<string, unknown>, metadata: Map<string, string>): void {
  const text = envelope['time'];
  if (text === undefined) return;
  const moment = typeof text === 'string' ? parseRfc3339(text) : undefined;
  if (typeof text !== 'string' || moment === undefined) throw fieldError('time', 'be an RFC 3339 time', text);
  envelope['time'] = moment.ms;
  if (!moment.exact) metadata.set(keptTime, text);
}

/** Integers may come as text: the binary form of CloudEvents has no other type. */
function readInteger(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value;
}

function readData(attributes: ReadonlyMap<string, unknown>): unknown {
  const text = attributes.get('data_base64');
  if (text === undefined) return attributes.get('data');
  if (attributes.has('data')) throw faultError('data', 'must not be given beside data_base64');
  const bytes = typeof text === 'string' ? decodeBase64(text) : undefined;
  if (bytes === undefined) throw fieldError('data_base64', 'be base64', text);
  return bytes;
}

function dataMembers(data: unknown, maxItems: number): Pick<CloudEvent, 'data' | 'data_base64'> {
  if (data === undefined) return {};
  if (data instanceof Uint8Array) return { data_base64: encodeBase64(data) };
  try {
    return { data: copyJson(data, maxItems) };
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    throw new ValidationError(`event ${error.message}`, {
      issues: [{ field: 'data', message: error.message }],
      cause: error.cause,
    });
  }
}

function present(attribute: string, value: unknown): Record<string, unknown> {
  return value === undefined ? {} : { [attribute]: value };
}
