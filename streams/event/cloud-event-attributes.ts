import type { EventEnvelope, Metadata } from './envelope.ts';
import { faultError, fieldError } from './field-error.ts';
import { describeValue } from './describe-value.ts';
import { isPlainText, isWellFormed } from './plain-text.ts';

/** Where the metadata keeps what an id or a time of elsewhere said and ours cannot. */
export const keptId = 'cloudevents.id';
export const keptTime = 'cloudevents.time';

/** Where it keeps an attribute whose text has line breaks, which ours may not: as JSON text, with them escaped. */
const keptText = 'cloudevents.text.';

/** Attributes that have a field of their own. All others are metadata. */
export const ownAttributes = new Map<string, keyof EventEnvelope | undefined>([
  ['specversion', undefined],
  ['id', 'id'],
  ['source', 'source'],
  ['type', 'type'],
  ['time', 'time'],
  ['data', 'data'],
  ['priority', 'priority'],
  ['schemaversion', 'schemaVersion'],
  ['partitionkey', 'key'],
  ['correlationid', 'correlationId'],
  ['causationid', 'causationId'],
  ['causationdepth', 'causationDepth'],
  ['traceparent', 'traceparent'],
  ['tracestate', 'tracestate'],
  ['metadata', 'metadata'],
]);

/** What CloudEvents allows as a name; it only advises against more than 20 characters. */
function isAttributeName(name: string): boolean {
  return /^[a-z0-9]{1,64}$/.test(name);
}

/**
 * Reads the attributes of a CloudEvent, each once. Null means absent, but for the payload.
 *
 * @throws ValidationError for a name that CloudEvents does not allow.
 */
export function readAttributes(value: object): Map<string, unknown> {
  const attributes = new Map<string, unknown>();
  for (const name of Object.keys(value)) {
    if (!isAttributeName(name) && name !== 'data_base64') {
      throw faultError(
        describeValue(name),
        'is no name of a CloudEvents attribute: lower-case letters and digits',
      );
    }
    const member = (value as Readonly<Record<string, unknown>>)[name];
    if (member === undefined || (member === null && name !== 'data')) continue;
    attributes.set(name, member);
  }
  return attributes;
}

/** Gathers the metadata of a CloudEvent: its attribute `metadata`, and all that have no field here. */
export function readMetadata(attributes: ReadonlyMap<string, unknown>): Map<string, string> {
  const metadata = parseMetadata(attributes.get('metadata'));
  for (const [name, value] of attributes) {
    if (ownAttributes.has(name) || name === 'data_base64') continue;
    const text = attributeText(name, value);
    if (isPlainText(text) || !isWellFormed(text)) metadata.set(name, text);
    else metadata.set(keptText + name, JSON.stringify(text));
  }
  return metadata;
}

/** Spreads metadata over attributes; what CloudEvents would not allow as one is put into `metadata`. */
export function metadataAttributes(metadata: Metadata, without: ReadonlySet<string>): Record<string, string> {
  const attributes: Record<string, string> = {};
  const rest: [string, string][] = [];
  for (const [name, text] of Object.entries(metadata)) {
    if (without.has(name)) continue;
    const kept = name.startsWith(keptText) ? readKeptText(text) : undefined;
    const attribute = kept === undefined ? name : name.slice(keptText.length);
    if (isAttributeName(attribute) && !ownAttributes.has(attribute)) attributes[attribute] = kept ?? text;
    else rest.push([name, text]);
  }
  if (rest.length > 0) attributes['metadata'] = JSON.stringify(Object.fromEntries(rest));
  return attributes;
}

// Another publisher may mean something else by `metadata`: what is no map of texts is kept as what it is.
function parseMetadata(value: unknown): Map<string, string> {
  if (value === undefined) return new Map();
  const text = attributeText('metadata', value);
  const asItIs = new Map([['metadata', text]]);
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return asItIs;
    const entries = Object.entries(parsed) as [string, unknown][];
    const texts = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
    return texts.length === entries.length ? new Map(texts) : asItIs;
  } catch {
    return asItIs;
  }
}

/** The text with line breaks that was kept as JSON; `undefined` for what was not made by us. */
function readKeptText(json: string): string | undefined {
  try {
    const text: unknown = JSON.parse(json);
    return typeof text === 'string' && isWellFormed(text) && !isPlainText(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

function attributeText(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || Number.isInteger(value)) return String(value);
  throw fieldError(describeValue(name), 'be text, a boolean or an integer', value);
}
