import { promisify } from 'node:util';
import { crc32, deflateRaw, inflateRaw } from 'node:zlib';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { CodecError, StorageError } from '../../streams/event/errors.ts';
import { msgpackCodec } from '../../streams/event/msgpack-codec.ts';
import type { LogRecord } from '../event-log.ts';
import type { BlockHead } from './segment-format.ts';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** A block is what one look into a segment costs. */
const maxRecords = 1_024;
const manyBytes = 1_048_576;
/** What one event may take. A log that holds more in one could not have been given it. */
const oneBytes = 268_435_456;
const maxItems = 16_777_216;

const many = msgpackCodec({ maxBytes: manyBytes, maxItems });
const one = msgpackCodec({ maxBytes: oneBytes, maxItems });

/** A block ready to be written. */
export interface Block {
  readonly head: BlockHead;
  readonly bytes: Buffer;
}

/** Encodes records into blocks, each of 1 024 records and 1 MiB at most, but for events that are larger alone. */
export async function encodeBlocks(records: readonly LogRecord[]): Promise<Block[]> {
  const blocks: Block[] = [];
  for (let at = 0; at < records.length; at += maxRecords) {
    for (const part of encodeParts(records.slice(at, at + maxRecords))) blocks.push(await compress(part));
  }
  return blocks;
}

interface Part {
  readonly records: readonly LogRecord[];
  readonly events: Uint8Array;
}

function encodeParts(records: readonly LogRecord[]): Part[] {
  const events = records.map(({ event }) => event);
  if (records.length === 1) return [{ records, events: one.encode(events) }];
  try {
    return [{ records, events: many.encode(events) }];
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    const half = records.length >> 1;
    return [...encodeParts(records.slice(0, half)), ...encodeParts(records.slice(half))];
  }
}

async function compress({ records, events }: Part): Promise<Block> {
  const [first, last] = [records[0], records.at(-1)];
  if (first === undefined || last === undefined) throw new RangeError('a block has at least one record');
  const places = encodePlaces(records);
  const raw = Buffer.concat([places, events]);
  const bytes = await deflate(raw);
  const head = {
    storedBytes: bytes.length,
    rawBytes: raw.length,
    count: records.length,
    first: first.position,
    last: last.position,
    firstAt: first.appendedAt,
    lastAt: last.appendedAt,
    crc: crc32(bytes),
  };
  return { head, bytes };
}

/** Reads the records of a block. @throws StorageError when the bytes are not those that were written */
export async function decodeBlock(head: BlockHead, bytes: Buffer): Promise<LogRecord[]> {
  if (bytes.length !== head.storedBytes) throw new StorageError('ends before its last byte');
  if (crc32(bytes) !== head.crc) throw new StorageError('has bytes other than those that were written');
  let raw: Buffer;
  let events: EventEnvelope[];
  try {
    if (head.rawBytes > oneBytes + manyBytes) throw new CodecError(`${head.rawBytes} bytes are too many`);
    // What bytes inflate to is bounded by what their head says, and so by what was written.
    raw = await inflate(bytes, { maxOutputLength: Math.max(1, head.rawBytes) });
    if (raw.length !== head.rawBytes || raw.length < head.count * 16)
      throw new CodecError('the length is wrong');
    events = one.decode(raw.subarray(head.count * 16));
  } catch (error) {
    throw new StorageError('cannot be decoded, though its checksum holds', { cause: error });
  }
  if (events.length !== head.count) throw new StorageError(`has ${events.length} events, not ${head.count}`);
  return decodePlaces(raw, events);
}

/** Positions first, each less the one before, then times: floats of 64 bits, long runs of equal bytes. */
function encodePlaces(records: readonly LogRecord[]): Buffer {
  const bytes = Buffer.alloc(records.length * 16);
  const times = records.length * 8;
  let position = 0;
  for (const [at, record] of records.entries()) {
    bytes.writeDoubleLE(record.position - position, at * 8);
    bytes.writeDoubleLE(record.appendedAt, times + at * 8);
    position = record.position;
  }
  return bytes;
}

function decodePlaces(raw: Buffer, events: readonly EventEnvelope[]): LogRecord[] {
  const times = events.length * 8;
  let position = 0;
  return events.map((event, at) => {
    position += raw.readDoubleLE(at * 8);
    return { position, event, appendedAt: raw.readDoubleLE(times + at * 8) };
  });
}
