import { checkId, checkInteger, checkPriority, checkText } from './check-field.ts';
import { checkTime, type TimeLimits } from './check-time.ts';
import type { MetadataLimits } from './check-metadata.ts';
import type { EventFields } from './define-event.ts';
import { describeValue } from './describe-value.ts';
import { type EventEnvelope, ValidEnvelope } from './envelope.ts';
import { ValidationError } from './errors.ts';
import { checkEventType } from './event-type.ts';
import { faultError } from './field-error.ts';
import { checkOptionalFields } from './optional-fields.ts';

/** What an envelope from elsewhere may say, and what is filled in where it says nothing. */
export interface EnvelopeLimits extends TimeLimits, MetadataLimits {
  /** What gives an id to an event that has none. Without it, an id is required. */
  readonly id?: () => string;
  /** The source of an event that names none. Without it, a source is required. */
  readonly source?: string;
  /** Whether types that are reserved for Breakwater's own events may pass. Default `false`. */
  readonly system?: boolean;
}

type RawEnvelope = { readonly [Field in keyof EventEnvelope]?: unknown };

const knownFields: ReadonlySet<string> = new Set<keyof EventEnvelope>([
  'id',
  'type',
  'source',
  'time',
  'priority',
  'schemaVersion',
  'data',
  'key',
  'correlationId',
  'causationId',
  'causationDepth',
  'traceparent',
  'tracestate',
  'metadata',
]);

/** The rest is said in other ways: type and payload beside the fields, version and depth by the bus. */
const publisherFields: ReadonlySet<string> = new Set(
  [...knownFields].filter((field) => !['type', 'data', 'schemaVersion', 'causationDepth'].includes(field)),
);

/**
 * Decides whether an envelope that was made by hand, or elsewhere, has sound fields, and gives a copy that
 * nobody else can change; its payload is not looked at.
 *
 * Fields that are absent get their defaults: `time` now, `priority` normal, `schemaVersion` 1, `id` and
 * `source` from the limits; `urgent` becomes `critical`. Every field is read once. About 0.25 µs without metadata.
 *
 * @throws ValidationError that names the first field that is wrong, what it was, and what to do. Never
 * another error, whatever the value is.
 */
export function checkEnvelope(value: unknown, limits: EnvelopeLimits): ValidEnvelope {
  if (typeof value !== 'object' || value === null) {
    throw new ValidationError(`event must be an object, got ${describeValue(value)}`);
  }
  try {
    return copyEnvelope(value, limits);
  } catch (error) {
    if (error instanceof ValidationError) throw error;
    throw unreadable(value, error);
  }
}

/**
 * Decides whether the fields that a publisher says about an event are sound, and gives a copy of them. Reads
 * each once.
 *
 * @throws ValidationError as {@link checkEnvelope} does.
 */
export function checkFields(fields: unknown, limits: EnvelopeLimits): EventFields {
  if (typeof fields !== 'object' || fields === null) {
    throw new ValidationError(`event fields must be an object, got ${describeValue(fields)}`);
  }
  try {
    return copyFields(fields, limits);
  } catch (error) {
    if (error instanceof ValidationError) throw error;
    throw unreadable(fields, error);
  }
}

/** Decides whether `key` can be an ordering key, and returns it. @throws ValidationError */
export function checkKey(key: unknown): string {
  return checkText('key', key);
}

function copyFields(fields: RawEnvelope, limits: EnvelopeLimits): EventFields {
  const { id, time, source, priority, key } = fields;
  const copy: { -readonly [Field in keyof EventFields]: EventFields[Field] } =
    checkOptionalFields(fields, limits) ?? {};
  if (id !== undefined) copy.id = checkId(id);
  if (time !== undefined) copy.time = checkTime(time, limits);
  if (source !== undefined) copy.source = checkText('source', source);
  if (priority !== undefined) copy.priority = checkPriority(priority);
  if (key !== undefined) copy.key = checkKey(key);
  if (Object.keys(fields).length !== Object.keys(copy).length || 'causationDepth' in copy) {
    refuseUnknownFields(fields, publisherFields);
  }
  return copy;
}

function copyEnvelope(value: RawEnvelope, limits: EnvelopeLimits): ValidEnvelope {
  const { id, source, time, priority, schemaVersion, key } = value;
  const envelope = new ValidEnvelope(
    id === undefined && limits.id !== undefined ? limits.id() : checkId(id),
    checkEventType(value.type, limits.system),
    checkText('source', source ?? limits.source),
    time === undefined ? limits.now : checkTime(time, limits),
    priority === undefined ? 'normal' : checkPriority(priority),
    schemaVersion === undefined ? 1 : checkInteger('schemaVersion', schemaVersion, 1),
    value.data,
    key === undefined ? undefined : checkKey(key),
    checkOptionalFields(value, limits),
  );
  // A misspelt field would be lost in silence. Counting is cheap, and enough for most events.
  if (Object.keys(value).length !== Object.keys(envelope).length) refuseUnknownFields(value, knownFields);
  return envelope;
}

function refuseUnknownFields(value: object, allowed: ReadonlySet<string>): void {
  for (const field of Object.keys(value)) {
    if (allowed.has(field)) continue;
    throw faultError(
      describeValue(field),
      'is no field of an event that may be set here',
      'Put it into data, or as text into metadata',
    );
  }
}

/** Finds out, at leisure, which field cannot even be read. */
function unreadable(value: object, cause: unknown): ValidationError {
  for (const field of knownFields) {
    try {
      Reflect.get(value, field);
    } catch {
      const message = 'could not be read: it threw. Pass the value itself';
      return new ValidationError(`event ${field} ${message}`, { issues: [{ field, message }], cause });
    }
  }
  return new ValidationError('event could not be read: it threw. Pass a plain object', { cause });
}
