import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { keptTime } from '../../streams/event/cloud-event-attributes.ts';
import { fromCloudEvent, toCloudEvent } from '../../streams/event/cloud-events.ts';
import { type Codec, type CodecLimits, resolveCodecLimits } from '../../streams/event/codec.ts';
import { describeValue } from '../../streams/event/describe-value.ts';
import type { EventEnvelope, Metadata } from '../../streams/event/envelope.ts';
import { CodecError } from '../../streams/event/errors.ts';
import { type ProtobufMessage, readMessages } from './message.ts';
import { decodePayload, encodePayload } from './payload.ts';
import { parseTimestamp, timestampOf } from './timestamp.ts';
import type { WireEvent } from './wire-event.ts';
import { innerEnd, openReader, readEvent, readFields } from './wire-reader.ts';
import { eventTag } from './wire-tags.ts';
import { writeBatch, writeEvent } from './wire-writer.ts';

export interface ProtobufCodecOptions extends CodecLimits {
  /** The protobuf messages that payloads are, by event type. Payloads of all other types travel as bytes or JSON. */
  readonly messages?: Readonly<Record<string, ProtobufMessage>>;
}

/**
 * The codec for protobuf: a batch of CloudEvents 1.0 in their Protobuf Event Format, which any language reads.
 *
 * A payload whose type has a message is encoded by that message, which must bound what its bytes decode to; a
 * Uint8Array travels as it is; any other payload is JSON, with the limits of `jsonCodec`. Fields that the format
 * does not know are skipped. An event without a time cannot be decoded. Needs the package `@bufbuild/protobuf`.
 *
 * @example
 * ```ts
 * protobufCodec().contentType; // => 'application/cloudevents-batch+protobuf'
 * ```
 */
export function protobufCodec(options: ProtobufCodecOptions = {}): Codec {
  const { messages = {}, ...limits } = options;
  const { maxBytes, maxEvents, maxItems } = resolveCodecLimits(limits);
  const messageOf = readMessages(messages);

  return {
    contentType: 'application/cloudevents-batch+protobuf',

    encode(events) {
      if (!Array.isArray(events)) {
        throw new CodecError(`events must be an array, got ${describeValue(events)}`);
      }
      if (events.length > maxEvents) {
        throw new CodecError(`message has ${events.length} events, more than ${maxEvents}`);
      }
      const writer = new BinaryWriter();
      const written: Uint8Array[] = [];
      let size = 0;
      for (let at = 0; at < events.length; at += 1) {
        const bytes = attempt(`event ${at}: `, () => encodeEvent(writer, events[at], messageOf, maxItems));
        written.push(bytes);
        size += bytes.length;
        if (size > maxBytes) break;
      }
      const message = size > maxBytes ? undefined : writeBatch(writer, written);
      if (message !== undefined && message.length <= maxBytes) return message;
      throw new CodecError(`message goes beyond the ${maxBytes} bytes of a message`);
    },

    decode(bytes) {
      if (!(bytes instanceof Uint8Array)) {
        throw new CodecError(`message must be a Uint8Array, got ${describeValue(bytes)}`);
      }
      if (bytes.length > maxBytes) {
        throw new CodecError(`message has ${bytes.length} bytes, more than ${maxBytes}`);
      }
      const events: EventEnvelope[] = [];
      const reader = openReader(bytes);
      attempt('', () =>
        readFields(reader, bytes.length, (tag) => {
          if (tag !== eventTag) return false;
          if (events.length >= maxEvents) throw new CodecError(`message has more than ${maxEvents} events`);
          const end = innerEnd(reader, bytes.length);
          events.push(
            attempt(`event ${events.length}: `, () => fromWire(readEvent(reader, end), messageOf, maxItems)),
          );
          return true;
        }),
      );
      return events;
    },
  };
}

type MessageOf = ReadonlyMap<unknown, ProtobufMessage>;

function encodeEvent(
  writer: BinaryWriter,
  event: EventEnvelope,
  messageOf: MessageOf,
  maxItems: number,
): Uint8Array {
  const { data: value, metadata = {}, ...rest } = event;
  const { datacontenttype: declared, [keptTime]: timeText } = metadata;
  const payload = encodePayload(value, declared, messageOf.get(rest.type), maxItems);
  const { free, held } = holdBack(metadata, Object.keys(payload.attributes));
  // Made for this event alone, so that it may be changed.
  const attributes: Record<string, unknown> = toCloudEvent({ ...rest, metadata: free, data: undefined });
  if (held !== undefined) {
    const more = attributes['metadata'];
    const kept: object = typeof more === 'string' ? (JSON.parse(more) as object) : {};
    attributes['metadata'] = JSON.stringify({ ...kept, ...held });
  }
  Object.assign(attributes, payload.attributes);
  const text = attributes['time'];
  const time =
    timeText === undefined || typeof text !== 'string' ? timestampOf(rest.time) : parseTimestamp(text);
  return writeEvent(writer, { attributes, data: payload.data }, time);
}

/**
 * Splits off the metadata that would become one of these attributes: it travels in the attribute `metadata`. What
 * merely ends like one may too, and covers the names under which text with line breaks is kept.
 */
function holdBack(metadata: Metadata, names: readonly string[]): { free: Metadata; held?: Metadata } {
  const isHeld = (name: string): boolean => names.some((one) => name.endsWith(one));
  const entries = Object.entries(metadata);
  if (!entries.some(([name]) => isHeld(name))) return { free: metadata };
  return {
    free: Object.fromEntries(entries.filter(([name]) => !isHeld(name))),
    held: Object.fromEntries(entries.filter(([name]) => isHeld(name))),
  };
}

function fromWire(wire: WireEvent, messageOf: MessageOf, maxItems: number): EventEnvelope {
  const { attributes } = wire;
  if (attributes['time'] === undefined) throw new CodecError('CloudEvent must have a time');
  const data = decodePayload(wire, messageOf.get(attributes['type']), maxItems);
  // Whether its time and its metadata are acceptable is for the receiver to say, who has a clock and limits.
  const event = fromCloudEvent(attributes, {
    now: Infinity,
    system: true,
    maxMetadataKeys: Infinity,
    maxMetadataBytes: Infinity,
  });
  return { ...event, data };
}

/** Does it, and turns whatever it throws into a CodecError that says where. */
function attempt<Result>(where: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (error instanceof CodecError && where === '') throw error;
    const reason = error instanceof Error ? error.message : describeValue(error);
    throw new CodecError(`${where}${where === '' ? 'message cannot be read: ' : ''}${reason}`, {
      cause: error,
    });
  }
}
