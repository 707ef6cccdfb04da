import { maxDepth } from '../../streams/event/codec.ts';
import { describeValue } from '../../streams/event/describe-value.ts';
import { CodecError } from '../../streams/event/errors.ts';
import { copyJson } from '../../streams/event/json-data.ts';
import { isNestedDeeper } from '../../streams/event/json-depth.ts';
import type { ProtobufMessage } from './message.ts';
import type { WireData, WireEvent } from './wire-event.ts';

const json = 'application/json';
const protobuf = 'application/protobuf';

/** How a payload travels, and the attributes that say so. They replace what the metadata says under these names. */
export interface EncodedPayload {
  readonly data: WireData | undefined;
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * Decides how a payload travels: as the message of its type, as bytes, as text of the kind that the metadata
 * declares (`datacontenttype`), or else as JSON.
 *
 * @throws CodecError, or what the message throws.
 */
export function encodePayload(
  data: unknown,
  declared: string | undefined,
  message: ProtobufMessage | undefined,
  maxItems: number,
): EncodedPayload {
  if (data === undefined) return { data: undefined, attributes: {} };
  if (message !== undefined) return encodeMessage(data, message);
  if (data instanceof Uint8Array) return { data: { kind: 'binary', bytes: data }, attributes: {} };
  if (typeof data === 'string' && declared !== undefined && !isJson(declared)) {
    return { data: { kind: 'text', text: data }, attributes: {} };
  }
  const text = JSON.stringify(copyJson(data, maxItems));
  // Another JSON type is kept. The plain one is ours to write and to leave out again, also beside a declared one.
  const kept = declared !== undefined && declared !== json && isJson(declared);
  return { data: { kind: 'text', text }, attributes: kept ? {} : { datacontenttype: json } };
}

function encodeMessage(data: unknown, message: ProtobufMessage): EncodedPayload {
  const { typeUrl } = message;
  const bytes: unknown = message.encode(data);
  if (!(bytes instanceof Uint8Array)) {
    throw new CodecError(`encode must return a Uint8Array, got ${describeValue(bytes)}`);
  }
  return typeUrl === undefined
    ? { data: { kind: 'binary', bytes }, attributes: { datacontenttype: protobuf } }
    : {
        data: { kind: 'any', typeUrl, bytes },
        attributes: { datacontenttype: protobuf, dataschema: typeUrl },
      };
}

/**
 * Reads a payload, and takes the attributes away that only said how it travelled. A message of a type that is not
 * known stays bytes, and gains the attributes that say which message it is.
 *
 * @throws CodecError, or what the message throws.
 */
export function decodePayload(
  { attributes, data }: WireEvent,
  message: ProtobufMessage | undefined,
  maxItems: number,
): unknown {
  if (data === undefined) return undefined;
  const declared = attributes['datacontenttype'];
  if (data.kind === 'text') {
    if (typeof declared !== 'string' || !isJson(declared)) return data.text;
    if (declared === json) delete attributes['datacontenttype'];
    return parseJson(data.text, maxItems);
  }
  if (data.kind === 'binary') {
    if (message === undefined || declared !== protobuf) return data.bytes;
    delete attributes['datacontenttype'];
    return message.decode(data.bytes);
  }
  if (message === undefined) {
    attributes['datacontenttype'] ??= protobuf;
    if (data.typeUrl !== '') attributes['dataschema'] ??= data.typeUrl;
    return data.bytes;
  }
  if (message.typeUrl !== undefined && typeName(message.typeUrl) !== typeName(data.typeUrl)) {
    throw new CodecError(`data is a message ${describeValue(data.typeUrl)}, expected ${message.typeUrl}`);
  }
  if (declared === protobuf) delete attributes['datacontenttype'];
  if (attributes['dataschema'] === data.typeUrl) delete attributes['dataschema'];
  return message.decode(data.bytes);
}

function parseJson(text: string, maxItems: number): unknown {
  if (isNestedDeeper(text, maxDepth)) throw new CodecError(`data is deeper than ${maxDepth} levels`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new CodecError('data is not valid JSON');
  }
  return copyJson(parsed, maxItems);
}

/** Whether text of this media type is JSON: `application/json`, `application/problem+json; charset=utf-8`. */
function isJson(mediaType: string): boolean {
  const [essence = ''] = mediaType.split(';', 1);
  return /[/+]json$/i.test(essence.trimEnd());
}

/** What a type URL names: the part after its last slash. The rest only says where to look. */
function typeName(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
}
