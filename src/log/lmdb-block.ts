import { crc32 } from 'node:zlib';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { CodecError } from '../../streams/event/errors.ts';
import { msgpackCodec } from '../../streams/event/msgpack-codec.ts';

/** Events in one value of the database: what a put, a checksum and a message of the codec cost, they share. */
export const maxBlockEvents = 64;

/** A block beyond this is split: who reads one event must not decode many large ones. */
const maxBlockBytes = 65_536;

/**
 * What stands before the events of a block, little end first:
 *
 *      0  u8   layout, 1
 *      1  u8   codec, 1: MessagePack of `msgpackCodec`
 *      2  u16  0
 *      4  u32  CRC-32 of all other bytes
 *      8  f64  position of the first event
 *     16  f64  when it was appended
 *     24  u32  events
 *     28  u32  bytes of the message that follows
 */
const headerBytes = 32;

/** Larger than on a wire: a log keeps what a process makes for itself, too. */
const codec = msgpackCodec({ maxBytes: 16 * 1024 * 1024, maxEvents: maxBlockEvents, maxItems: 1_000_000 });

/** Events that stand side by side in the log, and were appended at one time. */
export interface Block {
  readonly first: number;
  readonly appendedAt: number;
  readonly events: readonly EventEnvelope[];
}

/** What a block's header says. */
export interface BlockHeader {
  readonly first: number;
  readonly appendedAt: number;
  readonly count: number;
}

/** A block in the form in which it is stored. */
export interface SealedBlock {
  readonly first: number;
  readonly bytes: Buffer;
  readonly crc: number;
}

/** An event of a batch cannot be written. */
export class UnwritableEvent extends Error {
  /** Which of those that were to be sealed. */
  readonly index: number;

  constructor(index: number, cause: unknown) {
    super('an event cannot be written', { cause });
    this.index = index;
  }
}

/** Makes blocks of events that stand side by side. @throws UnwritableEvent */
export function sealBlocks(
  first: number,
  appendedAt: number,
  events: readonly EventEnvelope[],
): SealedBlock[] {
  const blocks: SealedBlock[] = [];
  for (let at = 0; at < events.length; at += maxBlockEvents) {
    const end = Math.min(at + maxBlockEvents, events.length);
    sealInto(blocks, { first, appendedAt, events }, at, end);
  }
  return blocks;
}

function sealInto(blocks: SealedBlock[], all: Block, start: number, end: number): void {
  const { first, appendedAt, events } = all;
  let message: Uint8Array | undefined;
  try {
    message = codec.encode(start === 0 && end === events.length ? events : events.slice(start, end));
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    // Together they may be too large, or one of them is no event: each half tells.
    if (end - start === 1) throw new UnwritableEvent(start, error);
  }
  if (message === undefined || (message.length > maxBlockBytes && end - start > 1)) {
    const middle = (start + end) >>> 1;
    sealInto(blocks, all, start, middle);
    sealInto(blocks, all, middle, end);
    return;
  }
  blocks.push(seal(first + start, appendedAt, end - start, message));
}

function seal(first: number, appendedAt: number, count: number, message: Uint8Array): SealedBlock {
  const bytes = Buffer.allocUnsafe(headerBytes + message.length);
  bytes.writeUInt32LE(0x0101, 0);
  bytes.writeDoubleLE(first, 8);
  bytes.writeDoubleLE(appendedAt, 16);
  bytes.writeUInt32LE(count, 24);
  bytes.writeUInt32LE(message.length, 28);
  bytes.set(message, headerBytes);
  const crc = checksum(bytes);
  bytes.writeUInt32LE(crc, 4);
  return { first, bytes, crc };
}

/** The checksum of a sealed block, without the field that holds it. */
function checksum(bytes: Buffer): number {
  return crc32(bytes.subarray(8), crc32(bytes.subarray(0, 4)));
}

/** Says what a block holds, or what is wrong with its bytes. `key` is where it was found. */
export function readHeader(key: number, bytes: Buffer): BlockHeader | string {
  if (bytes.length < headerBytes) return `its block has ${bytes.length} bytes, less than a header`;
  if (checksum(bytes) !== bytes.readUInt32LE(4))
    return 'the bytes of its block are not those that were written';
  const layout = bytes.readUInt32LE(0);
  if (layout !== 0x0101) return `its block has the unknown layout ${layout}: a newer version wrote it`;
  const first = bytes.readDoubleLE(8);
  if (first !== key) return `the block that is found there belongs to position ${first}`;
  return { first, appendedAt: bytes.readDoubleLE(16), count: bytes.readUInt32LE(24) };
}

/** Gives the events of a block, or says what is wrong with its bytes. */
export function openBlock(key: number, bytes: Buffer): Block | string {
  const header = readHeader(key, bytes);
  if (typeof header === 'string') return header;
  try {
    const events = codec.decode(bytes.subarray(headerBytes));
    if (events.length !== header.count)
      return `its block says ${header.count} events and has ${events.length}`;
    return { first: header.first, appendedAt: header.appendedAt, events };
  } catch (error) {
    return `its block does not decode: ${String(error)}`;
  }
}
