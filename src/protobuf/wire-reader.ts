import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { encodeBase64 } from '../../streams/event/base64.ts';
import { describeValue } from '../../streams/event/describe-value.ts';
import { CodecError } from '../../streams/event/errors.ts';
import { formatTimestamp } from './timestamp.ts';
import { ownFields, type WireData, type WireEvent } from './wire-event.ts';
import * as tags from './wire-tags.ts';

// A byte order mark is a character like any other, or text would not come back the same.
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Opens a message for reading. Its text must be valid UTF-8. */
export function openReader(bytes: Uint8Array): BinaryReader {
  return new BinaryReader(bytes, (text) => {
    try {
      return strictUtf8.decode(text);
    } catch {
      throw new CodecError('message has text that is not valid UTF-8');
    }
  });
}

/**
 * Reads the fields of one message, up to `end`. `read` says whether it knew the tag and has read the value; what it
 * does not know is skipped. Where a field comes twice, the last counts.
 */
export function readFields(reader: BinaryReader, end: number, read: (tag: number) => boolean): void {
  while (reader.pos < end) {
    const [field, kind] = reader.tag();
    if (read((field << 3) | kind)) continue;
    // Groups nest, and CloudEvents has none: who sends one means to overflow a stack.
    if (kind === WireType.StartGroup || kind === WireType.EndGroup) {
      throw new CodecError(`message has a group, as field ${field}`);
    }
    reader.skip(kind);
  }
  if (reader.pos !== end) throw new CodecError('message has a field that goes beyond its end');
}

/** Reads the length of a message inside the message that ends at `end`, and says where it ends. */
export function innerEnd(reader: BinaryReader, end: number): number {
  const length = reader.uint32();
  if (length > end - reader.pos) throw new CodecError('message ends too early');
  return reader.pos + length;
}

/** Reads the CloudEvent that ends at `end`. */
export function readEvent(reader: BinaryReader, end: number): WireEvent {
  // All texts of a message are empty unless it says more; what must not be empty is checked with the event.
  const own: Record<string, unknown> = { id: '', source: '', specversion: '', type: '' };
  const attributes = Object.assign(Object.create(null) as Record<string, unknown>, own);
  let data: WireData | undefined;
  readFields(reader, end, (tag) => {
    switch (tag) {
      case tags.idTag:
        attributes['id'] = reader.string();
        return true;
      case tags.sourceTag:
        attributes['source'] = reader.string();
        return true;
      case tags.specVersionTag:
        attributes['specversion'] = reader.string();
        return true;
      case tags.typeTag:
        attributes['type'] = reader.string();
        return true;
      case tags.attributeTag:
        readAttribute(reader, innerEnd(reader, end), attributes);
        return true;
      case tags.binaryDataTag:
        data = { kind: 'binary', bytes: copyBytes(reader) };
        return true;
      case tags.textDataTag:
        data = { kind: 'text', text: reader.string() };
        return true;
      case tags.protoDataTag:
        data = readAny(reader, innerEnd(reader, end));
        return true;
      default:
        return false;
    }
  });
  return { attributes, data };
}

function readAttribute(reader: BinaryReader, end: number, attributes: Record<string, unknown>): void {
  let name = '';
  let value: unknown;
  readFields(reader, end, (tag) => {
    if (tag === tags.entryKeyTag) name = reader.string();
    else if (tag === tags.entryValueTag) value = readValue(reader, innerEnd(reader, end));
    else return false;
    return true;
  });
  if (ownFields.has(name)) {
    throw new CodecError(`message has an attribute ${describeValue(name)}, which is a field of its own`);
  }
  attributes[name] = value;
}

function readValue(reader: BinaryReader, end: number): unknown {
  let value: unknown;
  readFields(reader, end, (tag) => {
    switch (tag) {
      case tags.booleanTag:
        value = reader.bool();
        return true;
      case tags.integerTag:
        value = reader.int32();
        return true;
      case tags.stringTag:
      case tags.uriTag:
      case tags.uriRefTag:
        value = reader.string();
        return true;
      case tags.bytesTag:
        value = encodeBase64(reader.bytes());
        return true;
      case tags.timestampTag:
        value = readTimestamp(reader, innerEnd(reader, end));
        return true;
      default:
        return false;
    }
  });
  return value;
}

function readTimestamp(reader: BinaryReader, end: number): string {
  let seconds = 0;
  let nanos = 0;
  readFields(reader, end, (tag) => {
    if (tag === tags.secondsTag) seconds = Number(reader.int64());
    else if (tag === tags.nanosTag) nanos = reader.int32();
    else return false;
    return true;
  });
  return formatTimestamp({ seconds, nanos });
}

function readAny(reader: BinaryReader, end: number): WireData {
  let typeUrl = '';
  let bytes = new Uint8Array();
  readFields(reader, end, (tag) => {
    if (tag === tags.typeUrlTag) typeUrl = reader.string();
    else if (tag === tags.valueTag) bytes = copyBytes(reader);
    else return false;
    return true;
  });
  return { kind: 'any', typeUrl, bytes };
}

// Whoever gave the message may write over it; and a slice of a Buffer would not be a copy.
function copyBytes(reader: BinaryReader): Uint8Array<ArrayBuffer> {
  return new Uint8Array(reader.bytes());
}
