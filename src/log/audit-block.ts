import { createHash, hash } from 'node:crypto';
import { canonicalEvent } from '../../streams/event/canonical.ts';
import { CodecError, StorageError } from '../../streams/event/errors.ts';
import { msgpackCodec } from '../../streams/event/msgpack-codec.ts';
import type { LogRecord } from '../event-log.ts';
import type { PositionRuns } from './position-runs.ts';

/** Where the store of a log keeps its audit trail. */
export const auditBucket = 'audit';

export const hashBytes = 32;
const headBytes = 2 + 4 + hashBytes;
const entryBytes = 16 + hashBytes;
const formatVersion = 1;

const codec = msgpackCodec({ maxBytes: 268_435_456, maxItems: 16_777_216 });

/** What the trail says of one event. */
export interface AuditedEvent {
  readonly position: number;
  readonly appendedAt: number;
  /** SHA-256 of its canonical bytes; all zero when it could not be read. */
  readonly digest: Buffer;
}

/** One link of the chain. */
export interface AuditBlock {
  /** Its number, from 1. */
  readonly sequence: number;
  /** Hash of the block before; all zero for the first. */
  readonly previous: Buffer;
  /** Events that it vouches for, in ascending order. */
  readonly events: readonly AuditedEvent[];
  /** Positions whose events have been removed on purpose. */
  readonly removed: PositionRuns;
  /** SHA-256 of all of the above. */
  readonly hash: Buffer;
}

export const noHash = Buffer.alloc(hashBytes);

/** The key of a block: ordered as text as its number is as a number. */
export function blockKey(sequence: number): string {
  return `block/${String(sequence).padStart(12, '0')}`;
}

/**
 * SHA-256 of the canonical bytes of an event: the same whoever made it, and whichever codec carried it. Undefined for
 * one that has none, as only a log in memory takes it.
 */
export function digestOf({ event }: LogRecord): Buffer | undefined {
  try {
    return hash('sha256', codec.encode([canonicalEvent(event)]), 'buffer');
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}

/**
 * Encodes a block. All numbers are little-endian.
 *
 *     format u8 | 0 u8 | events u32 | previous hash 32
 *     (position f64 | appendedAt f64 | digest 32)…  (first f64 | length f64)…  hash 32
 */
export function encodeBlock(block: Omit<AuditBlock, 'hash' | 'sequence'>): { value: Buffer; hash: Buffer } {
  const { previous, events, removed } = block;
  const value = Buffer.alloc(headBytes + events.length * entryBytes + removed.length * 8 + hashBytes);
  value.writeUInt8(formatVersion, 0);
  value.writeUInt32LE(events.length, 2);
  previous.copy(value, 6);
  let at = headBytes;
  for (const { position, appendedAt, digest } of events) {
    value.writeDoubleLE(position, at);
    value.writeDoubleLE(appendedAt, at + 8);
    digest.copy(value, at + 16);
    at += entryBytes;
  }
  for (const number of removed) at = value.writeDoubleLE(number, at);
  const sum = createHash('sha256').update(value.subarray(0, at)).digest();
  sum.copy(value, at);
  return { value, hash: sum };
}

/** Decodes a block and checks its own hash. @throws StorageError that says what is wrong with it */
export function decodeBlock(sequence: number, bytes: Uint8Array): AuditBlock {
  const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (value.length < headBytes + hashBytes) throw new StorageError(`is too short: ${value.length} bytes`);
  const end = value.length - hashBytes;
  const sum = value.subarray(end);
  if (!createHash('sha256').update(value.subarray(0, end)).digest().equals(sum)) {
    throw new StorageError('is not what its hash says');
  }
  if (value.readUInt8(0) !== formatVersion) throw new StorageError(`has format ${value.readUInt8(0)}`);
  const count = value.readUInt32LE(2);
  const runsAt = headBytes + count * entryBytes;
  if (runsAt > end || (end - runsAt) % 16 !== 0) throw new StorageError('has a length that cannot be');
  const events = Array.from({ length: count }, (_, index): AuditedEvent => {
    const at = headBytes + index * entryBytes;
    return {
      position: value.readDoubleLE(at),
      appendedAt: value.readDoubleLE(at + 8),
      digest: value.subarray(at + 16, at + entryBytes),
    };
  });
  const removed = Array.from({ length: (end - runsAt) / 8 }, (_, index) =>
    value.readDoubleLE(runsAt + index * 8),
  );
  return { sequence, previous: value.subarray(6, headBytes), events, removed, hash: sum };
}
