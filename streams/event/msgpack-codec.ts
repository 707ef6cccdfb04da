import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { type Codec, type CodecLimits, resolveCodecLimits } from './codec.ts';
import { describeValue } from './describe-value.ts';
import type { EventEnvelope } from './envelope.ts';
import { CodecError } from './errors.ts';
import { EventRowReader } from './event-row-reader.ts';
import { EventRowWriter } from './event-row-writer.ts';
import { PayloadReader } from './payload-reader.ts';

/** The first byte of every message. What is written differently one day gets another. */
const version = 1;

/**
 * The default codec: MessagePack, one row an event.
 *
 *     message   0x01 [row, row, …]
 *     row       [shared, id, type, source, time, flags, schemaVersion, shape, data, …optional fields]
 *     shared    how many characters of the id are those of the row before; `id` is the rest
 *     type      text when it is new in this message, else the number of the text; `source` likewise
 *     time      milliseconds since the row before
 *     flags     2 bits priority, then one bit for each optional field that follows
 *     shape     the names of the payload's members when they are new in this message, else their number, and
 *               `data` is an array of the values; nil when `data` is any other value, false when it is undefined
 *
 * What is shared is shared inside one message only: nothing that a message says outlives it. A single strict
 * pass decodes; there are no extensions (but timestamps for Dates), so no bytes can name code to run.
 *
 * Canonical form: -0 is 0, undefined members are absent, undefined elements are null. Members keep their
 * order, so that equal bytes need equal order: `canonical` sorts them.
 */
export function msgpackCodec(limits: CodecLimits = {}): Codec {
  const { maxBytes, maxEvents, maxItems } = resolveCodecLimits(limits);
  // A getter in a payload may publish, and so encode, while its event is encoded: then another one is made.
  let idleWriter: EventRowWriter | undefined;
  const input = new ByteReader();
  const payloads = new PayloadReader(input, maxItems);
  const rows = new EventRowReader(payloads, input);

  return {
    contentType: 'application/vnd.breakwater.events+msgpack',

    encode(events) {
      if (events.length > maxEvents) {
        throw new CodecError(`message has ${events.length} events, more than ${maxEvents}`);
      }
      const writer = idleWriter ?? new EventRowWriter(new ByteWriter(maxBytes), maxItems);
      idleWriter = undefined;
      try {
        return writer.write(version, events);
      } finally {
        idleWriter = writer;
      }
    },

    decode(bytes) {
      if (!(bytes instanceof Uint8Array))
        throw new CodecError(`message must be a Uint8Array, got ${describeValue(bytes)}`);
      if (bytes.length > maxBytes) {
        throw new CodecError(`message has ${bytes.length} bytes, more than ${maxBytes}`);
      }
      input.open(bytes);
      try {
        return decodeRows(input, payloads, rows, maxEvents);
      } finally {
        input.close();
      }
    },
  };
}

function decodeRows(
  input: ByteReader,
  payloads: PayloadReader,
  rows: EventRowReader,
  maxEvents: number,
): EventEnvelope[] {
  const found = input.byte();
  if (found !== version) throw input.fault(`version ${found} is not known, only ${version}`);
  const count = payloads.arrayLength();
  if (count > maxEvents) throw input.fault(`it has ${count} events, more than ${maxEvents}`);
  rows.start();
  const events: EventEnvelope[] = [];
  for (let at = 0; at < count; at += 1) events.push(rows.read());
  if (input.left > 0) throw input.fault(`${input.left} bytes follow its end`);
  return events;
}
