import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import { describeValue } from '../../streams/event/describe-value.ts';
import { CodecError } from '../../streams/event/errors.ts';
import { isWellFormed } from '../../streams/event/plain-text.ts';
import type { Timestamp } from './timestamp.ts';
import { ownFields, type WireData, type WireEvent } from './wire-event.ts';
import * as tags from './wire-tags.ts';

const lastInt32 = 2_147_483_647;

/** A larger integer would be text that is not taken for an integer again. */
const lastIntegerText = 9_999_999_999;

/**
 * Writes a CloudEvent as protobuf message, its attribute `time` as this timestamp where there is one. The writer must
 * have written nothing else, and is of no more use when this throws.
 *
 * @throws CodecError for what the message cannot carry.
 */
export function writeEvent(
  writer: BinaryWriter,
  { attributes, data }: WireEvent,
  time?: Timestamp,
): Uint8Array {
  writeText(writer, tags.idTag, 'id', attributes['id']);
  writeText(writer, tags.sourceTag, 'source', attributes['source']);
  writeText(writer, tags.specVersionTag, 'specversion', attributes['specversion']);
  writeText(writer, tags.typeTag, 'type', attributes['type']);
  for (const name of Object.keys(attributes)) {
    if (ownFields.has(name)) continue;
    writer.uint32(tags.attributeTag).fork();
    writeText(writer, tags.entryKeyTag, 'name', name);
    writer.uint32(tags.entryValueTag).fork();
    if (name === 'time' && time !== undefined) writeTimestamp(writer, time);
    else writeValue(writer, name, attributes[name]);
    writer.join().join();
  }
  if (data !== undefined) writeData(writer, data);
  return writer.finish();
}

/** Writes the batch of events that have been written. */
export function writeBatch(writer: BinaryWriter, events: readonly Uint8Array[]): Uint8Array {
  for (const event of events) writer.uint32(tags.eventTag).bytes(event);
  return writer.finish();
}

function writeTimestamp(writer: BinaryWriter, { seconds, nanos }: Timestamp): void {
  writer.uint32(tags.timestampTag).fork();
  if (seconds !== 0) writer.uint32(tags.secondsTag).int64(seconds);
  if (nanos !== 0) writer.uint32(tags.nanosTag).int32(nanos);
  writer.join();
}

function writeValue(writer: BinaryWriter, name: string, value: unknown): void {
  if (typeof value === 'number') writeInteger(writer, name, value);
  else writeText(writer, name === 'dataschema' ? tags.uriTag : tags.stringTag, name, value);
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
