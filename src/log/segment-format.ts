import { crc32 } from 'node:zlib';

/** What is written differently one day gets another number. */
export const segmentVersion = 1;
export const headerBytes = 48;
export const blockHeadBytes = 56;
export const trailerBytes = 32;

const headerMagic = Buffer.from('BWSEG\r\n\u001A', 'latin1');
const blockMagic = Buffer.from('BWBK', 'latin1');
const trailerMagic = Buffer.from('BWSEGEND', 'latin1');

/** What a segment says about itself. */
export interface SegmentHeader {
  /** The log it belongs to: 16 hexadecimal digits. */
  readonly logId: string;
  /** Its number among the segments of its log, from 1. */
  readonly sequence: number;
  readonly count: number;
  readonly first: number;
  readonly last: number;
}

/** Where a block of a segment stands, and what it holds. */
export interface BlockHead {
  /** Bytes after its head. */
  readonly storedBytes: number;
  readonly rawBytes: number;
  readonly count: number;
  readonly first: number;
  readonly last: number;
  readonly firstAt: number;
  readonly lastAt: number;
  /** CRC-32 of the bytes after its head. */
  readonly crc: number;
}

/** Where the index of blocks stands. */
export interface SegmentTrailer {
  readonly offset: number;
  readonly storedBytes: number;
  readonly rawBytes: number;
  readonly crc: number;
}

/**
 * The fixed parts of a segment of an archive. All numbers are little-endian; all bytes are under some CRC-32.
 *
 *     segment  header (block head, block)… index trailer
 *     header   magic 8 | version u16 | 0 u16 | log id 8 | sequence u32 | count u32 | first f64 | last f64 | crc u32
 *     head     magic 4 | stored u32 | raw u32 | count u32 | first, last, firstAt, lastAt f64 | crc of block u32 | crc u32
 *     block    raw deflate of: places of the records, then one message of the msgpack codec
 *     index    raw deflate of JSON: offset and head of each block
 *     trailer  magic 8 | offset of index f64 | stored u32 | raw u32 | crc of index u32 | crc u32
 *
 * A block says all about itself, so that a segment whose index is damaged can be read from its start.
 */
export function writeHeader({ logId, sequence, count, first, last }: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  headerMagic.copy(bytes);
  bytes.writeUInt16LE(segmentVersion, 8);
  bytes.write(logId, 12, 'hex');
  bytes.writeUInt32LE(sequence, 20);
  bytes.writeUInt32LE(count, 24);
  bytes.writeDoubleLE(first, 28);
  bytes.writeDoubleLE(last, 36);
  return sealed(bytes);
}

/** Reads a header; a text says what is wrong with it. */
export function readHeader(bytes: Buffer): SegmentHeader | string {
  if (bytes.length < headerBytes) return `is too short for a segment: ${bytes.length} bytes`;
  if (bytes.compare(headerMagic, 0, 8, 0, 8) !== 0) return 'does not begin as a segment does';
  if (!isSealed(bytes)) return 'has a damaged header';
  const version = bytes.readUInt16LE(8);
  if (version !== segmentVersion) return `has format ${version}; this version reads ${segmentVersion}`;
  return {
    logId: bytes.toString('hex', 12, 20),
    sequence: bytes.readUInt32LE(20),
    count: bytes.readUInt32LE(24),
    first: bytes.readDoubleLE(28),
    last: bytes.readDoubleLE(36),
  };
}

export function writeBlockHead(head: BlockHead): Buffer {
  const bytes = Buffer.alloc(blockHeadBytes);
  blockMagic.copy(bytes);
  bytes.writeUInt32LE(head.storedBytes, 4);
  bytes.writeUInt32LE(head.rawBytes, 8);
  bytes.writeUInt32LE(head.count, 12);
  bytes.writeDoubleLE(head.first, 16);
  bytes.writeDoubleLE(head.last, 24);
  bytes.writeDoubleLE(head.firstAt, 32);
  bytes.writeDoubleLE(head.lastAt, 40);
  bytes.writeUInt32LE(head.crc, 48);
  return sealed(bytes);
}

/** Reads the head of a block; undefined when its bytes are not those that were written. */
export function readBlockHead(bytes: Buffer): BlockHead | undefined {
  if (bytes.length < blockHeadBytes || bytes.compare(blockMagic, 0, 4, 0, 4) !== 0) return undefined;
  if (!isSealed(bytes.subarray(0, blockHeadBytes))) return undefined;
  return {
    storedBytes: bytes.readUInt32LE(4),
    rawBytes: bytes.readUInt32LE(8),
    count: bytes.readUInt32LE(12),
    first: bytes.readDoubleLE(16),
    last: bytes.readDoubleLE(24),
    firstAt: bytes.readDoubleLE(32),
    lastAt: bytes.readDoubleLE(40),
    crc: bytes.readUInt32LE(48),
  };
}

export function writeTrailer({ offset, storedBytes, rawBytes, crc }: SegmentTrailer): Buffer {
  const bytes = Buffer.alloc(trailerBytes);
  trailerMagic.copy(bytes);
  bytes.writeDoubleLE(offset, 8);
  bytes.writeUInt32LE(storedBytes, 16);
  bytes.writeUInt32LE(rawBytes, 20);
  bytes.writeUInt32LE(crc, 24);
  return sealed(bytes);
}

/** Reads a trailer; undefined when its bytes are not those that were written. */
export function readTrailer(bytes: Buffer): SegmentTrailer | undefined {
  if (bytes.length < trailerBytes || bytes.compare(trailerMagic, 0, 8, 0, 8) !== 0) return undefined;
  if (!isSealed(bytes)) return undefined;
  return {
    offset: bytes.readDoubleLE(8),
    storedBytes: bytes.readUInt32LE(16),
    rawBytes: bytes.readUInt32LE(20),
    crc: bytes.readUInt32LE(24),
  };
}

/** Writes the CRC-32 of all bytes but the last four there. */
function sealed(bytes: Buffer): Buffer {
  bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
  return bytes;
}

function isSealed(bytes: Buffer): boolean {
  return crc32(bytes.subarray(0, -4)) === bytes.readUInt32LE(bytes.length - 4);
}
