import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';
import { StorageError } from '../../streams/event/errors.ts';
import type { LogRecord } from '../event-log.ts';
import { decodeBlock } from './segment-block.ts';
import {
  blockHeadBytes,
  headerBytes,
  readBlockHead,
  readHeader,
  readTrailer,
  trailerBytes,
  type SegmentHeader,
} from './segment-format.ts';
import type { IndexedBlock } from './segment-writer.ts';

const inflate = promisify(inflateRaw);
const maxIndexBytes = 67_108_864;

/** The bytes of a file from an offset on; fewer where it ends. */
export type ReadBytes = (offset: number, length: number) => Promise<Buffer>;

/** A segment whose parts are known, and what is wrong with them. */
export interface OpenSegment {
  /** Undefined when the header is damaged; the blocks say the same once more. */
  readonly header: SegmentHeader | undefined;
  /** The blocks that can be found, in ascending order. */
  readonly blocks: readonly IndexedBlock[];
  /** What is damaged besides blocks. */
  readonly damage: readonly string[];
}

/**
 * Finds the blocks of a segment: by its index, or from block to block where the index is damaged.
 *
 * @throws StorageError when it is no segment at all, or one of a version that is not known
 */
export async function openSegment(read: ReadBytes, size: number): Promise<OpenSegment> {
  const damage: string[] = [];
  const header = readHeader(await read(0, headerBytes));
  const trailer = readTrailer(await read(Math.max(0, size - trailerBytes), trailerBytes));
  if (typeof header === 'string') {
    // A damaged header harms nothing else; a file that neither begins nor ends as a segment is none.
    if (trailer === undefined || header.startsWith('has format')) throw new StorageError(header);
    damage.push(header);
  }
  const known = typeof header === 'string' ? undefined : header;
  if (trailer === undefined) damage.push('has a damaged end');
  else {
    const blocks = await readIndex(
      await read(trailer.offset, trailer.storedBytes),
      trailer.crc,
      trailer.rawBytes,
    );
    const end = blocks === undefined ? 0 : trailer.offset + trailer.storedBytes + trailerBytes;
    if (blocks !== undefined && end === size) return { header: known, blocks, damage };
    damage.push(blocks === undefined ? 'has a damaged index' : `has ${size} bytes, not ${end}`);
  }
  return { header: known, blocks: await walk(read, size), damage };
}

/** Reads the records of a block. @throws StorageError that says what is wrong with it */
export async function readBlock(read: ReadBytes, block: IndexedBlock): Promise<LogRecord[]> {
  const bytes = await read(block.offset, blockHeadBytes + block.storedBytes);
  if (readBlockHead(bytes) === undefined) throw new StorageError('has a damaged head');
  return decodeBlock(block, bytes.subarray(blockHeadBytes));
}

async function readIndex(bytes: Buffer, crc: number, rawBytes: number): Promise<IndexedBlock[] | undefined> {
  if (crc32(bytes) !== crc || rawBytes > maxIndexBytes) return undefined;
  try {
    const raw = await inflate(bytes, { maxOutputLength: Math.max(1, rawBytes) });
    const index: unknown = JSON.parse(raw.toString());
    return Array.isArray(index) && index.every(isIndexed) ? index : undefined;
  } catch {
    return undefined;
  }
}

const numbers = ['offset', 'storedBytes', 'rawBytes', 'count', 'first', 'last', 'firstAt', 'lastAt', 'crc'];

function isIndexed(entry: unknown): entry is IndexedBlock {
  if (typeof entry !== 'object' || entry === null) return false;
  return numbers.every(
    (name) => Number.isFinite(Reflect.get(entry, name)) && Number(Reflect.get(entry, name)) >= 0,
  );
}

async function walk(read: ReadBytes, size: number): Promise<IndexedBlock[]> {
  const blocks: IndexedBlock[] = [];
  for (let offset = headerBytes; offset + blockHeadBytes <= size;) {
    const head = readBlockHead(await read(offset, blockHeadBytes));
    if (head === undefined) break;
    blocks.push({ offset, ...head });
    offset += blockHeadBytes + head.storedBytes;
  }
  return blocks;
}
