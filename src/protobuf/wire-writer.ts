import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { describeValue } from '../../streams/event/describe-value.ts';
import { CodecError } from '../../streams/event/errors.ts';
import { isWellFormed } from '../../streams/event/plain-text.ts';
import { parseTimestamp } from './timestamp.ts';
import { ownFields, type WireData, type WireEvent } from './wire-event.ts';
import * as tags from './wire-tags.ts';

const lastInt32 = 2_147_483_647;

/** A larger integer would be text that is not taken for an integer again. */
const lastIntegerText = 9_999_999_999;

/** Writes a CloudEvent as protobuf message. @throws CodecError for what the message cannot carry. */
export function writeEvent({ attributes, data }: WireEvent): Uint8Array {
  const writer = new BinaryWriter();
  writeText(writer, tags.idTag, 'id', attributes['id']);
  writeText(writer, tags.sourceTag, 'source', attributes['source']);
  writeText(writer, tags.specVersionTag, 'specversion', attributes['specversion']);
  writeText(writer, tags.typeTag, 'type', attributes['type']);
  for (const [name, value] of Object.entries(attributes)) {
    if (!ownFields.has(name)) writeAttribute(writer, name, value);
  }
  if (data !== undefined) writeData(writer, data);
  return writer.finish();
}

/** Writes the batch of events that have been written. */
export function writeBatch(events: readonly Uint8Array[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const event of events) writer.uint32(tags.eventTag).bytes(event);
  return writer.finish();
}

function writeAttribute(writer: BinaryWriter, name: string, value: unknown): void {
  writer.uint32(tags.attributeTag).fork();
  writeText(writer, tags.entryKeyTag, 'name', name);
  writer.uint32(tags.entryValueTag).fork();
  const timestamp = name === 'time' && typeof value === 'string' ? parseTimestamp(value) : undefined;
  if (timestamp !== undefined) {
    writer.uint32(tags.timestampTag).fork();
    if (timestamp.seconds !== 0) writer.uint32(tags.secondsTag).int64(timestamp.seconds);
    if (timestamp.nanos !== 0) writer.uint32(tags.nanosTag).int32(timestamp.nanos);
    writer.join();
  } else if (typeof value === 'number') {
    writeInteger(writer, name, value);
  } else {
    writeText(writer, name === 'dataschema' ? tags.uriTag : tags.stringTag, name, value);
  }
  writer.join().join();
}

function writeInteger(writer: BinaryWriter, name: string, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value > lastIntegerText) {
    throw new CodecError(`${name} must be an integer of 0 to ${lastIntegerText}, got ${value}`);
  }
  if (value <= lastInt32) writer.uint32(tags.integerTag).int32(value);
  else writer.uint32(tags.stringTag).string(String(value));
}

function writeData(writer: BinaryWriter, data: WireData): void {
  switch (data.kind) {
    case 'binary':
      writer.uint32(tags.binaryDataTag).bytes(data.bytes);
      break;
    case 'text':
      writeText(writer, tags.textDataTag, 'data', data.text);
      break;
    case 'any':
      writer.uint32(tags.protoDataTag).fork();
      writer.uint32(tags.typeUrlTag).string(data.typeUrl);
      writer.uint32(tags.valueTag).bytes(data.bytes).join();
      break;
  }
}

// The writer would turn a lone surrogate into U+FFFD, and anything else into its text.
function writeText(writer: BinaryWriter, tag: number, name: string, value: unknown): void {
  if (typeof value !== 'string') throw new CodecError(`${name} must be text, got ${describeValue(value)}`);
  if (!isWellFormed(value)) throw new CodecError(`${name} has a lone surrogate, which UTF-8 cannot carry`);
  writer.uint32(tag).string(value);
}
