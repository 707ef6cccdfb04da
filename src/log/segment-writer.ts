import { promisify } from 'node:util';
import { crc32, deflateRaw } from 'node:zlib';
import type { LogRecord } from '../event-log.ts';
import { encodeBlocks } from './segment-block.ts';
import {
  blockHeadBytes,
  headerBytes,
  writeBlockHead,
  writeHeader,
  writeTrailer,
  type BlockHead,
} from './segment-format.ts';

const deflate = promisify(deflateRaw);

/** What the index of a segment says of a block. */
export interface IndexedBlock extends BlockHead {
  /** Where its head begins. */
  readonly offset: number;
}

/**
 * Encodes records into the bytes of a segment, piece by piece in the order of the file.
 *
 * The records must ascend by position, and be at least one. Compression runs beside the event loop.
 *
 * @throws CodecError for an event that no codec takes
 */
export async function encodeSegment(
  logId: string,
  sequence: number,
  records: readonly LogRecord[],
): Promise<Buffer[]> {
  const [first, last] = [records[0]?.position ?? 0, records.at(-1)?.position ?? 0];
  const pieces = [writeHeader({ logId, sequence, count: records.length, first, last })];
  const index: IndexedBlock[] = [];
  let offset = headerBytes;
  for (const { head, bytes } of await encodeBlocks(records)) {
    index.push({ offset, ...head });
    pieces.push(writeBlockHead(head), bytes);
    offset += blockHeadBytes + bytes.length;
  }
  const raw = Buffer.from(JSON.stringify(index));
  const stored = await deflate(raw);
  const trailer = { offset, storedBytes: stored.length, rawBytes: raw.length, crc: crc32(stored) };
  pieces.push(stored, writeTrailer(trailer));
  return pieces;
}
