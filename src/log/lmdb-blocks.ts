import type { Database } from 'lmdb';
import { type Block, type BlockHeader, maxBlockEvents, openBlock, readHeader } from './lmdb-block.ts';

/** Blocks whose events are kept decoded: several readers read the end of a log, and indexes jump about. */
const maxCached = 128;

/** A block whose bytes are not those that were written. Which positions it had can only be bounded. */
export interface BadBlock {
  readonly first: number;
  /** The last position that may have been in it. */
  readonly last: number;
  readonly reason: string;
}

/** Finds and decodes the blocks of a log. */
export class Blocks {
  readonly #log: Database<Buffer, number>;
  readonly #cache = new Map<number, Block>();

  constructor(log: Database<Buffer, number>) {
    this.#log = log;
  }

  /** Forgets what is decoded: blocks have been removed or written anew. */
  forget(): void {
    this.#cache.clear();
  }

  /** The key of the first block; undefined when there is none. */
  firstKey(): number | undefined {
    for (const key of this.#log.getKeys({ limit: 1 })) return key;
    return undefined;
  }

  /** The key of the block that begins at a position or before; undefined when there is none. */
  keyAtOrBefore(position: number): number | undefined {
    for (const key of this.#log.getKeys({ start: position, reverse: true, limit: 1 })) return key;
    return undefined;
  }

  /** The key of the first block that begins after a position; undefined when there is none. */
  keyAfter(position: number): number | undefined {
    for (const key of this.#log.getKeys({ start: position + 1, limit: 1 })) return key;
    return undefined;
  }

  /** A block's header alone. */
  headerOf(key: number): BlockHeader | BadBlock | undefined {
    const bytes = this.#log.get(key);
    if (bytes === undefined) return undefined;
    const header = readHeader(key, bytes);
    return typeof header === 'string' ? this.#bad(key, header) : header;
  }

  /** How many bytes a block takes. */
  bytesOf(key: number): number {
    return this.#log.get(key)?.length ?? 0;
  }

  /** The block of a key. */
  block(key: number): Block | BadBlock | undefined {
    const cached = this.#cache.get(key);
    if (cached !== undefined) return cached;
    const bytes = this.#log.get(key);
    return bytes === undefined ? undefined : this.#decode(key, bytes);
  }

  /** The block that holds a position; undefined when none does. */
  blockOf(position: number): Block | BadBlock | undefined {
    const key = this.keyAtOrBefore(position);
    if (key === undefined) return undefined;
    const block = this.block(key);
    return block !== undefined && lastOf(block) >= position ? block : undefined;
  }

  /** Blocks that begin at `start` or after, and not after `end`. */
  *upward(start: number, end: number): Generator<Block | BadBlock> {
    for (const { key, value } of this.#log.getRange({ start, end: end + 1 })) {
      yield this.#cache.get(key) ?? this.#decode(key, value);
    }
  }

  /** Blocks that begin at `start` or before, downwards, and not before `end`. */
  *downward(start: number, end: number): Generator<Block | BadBlock> {
    for (const { key, value } of this.#log.getRange({ start, end: end - 1, reverse: true })) {
      yield this.#cache.get(key) ?? this.#decode(key, value);
    }
  }

  #decode(key: number, bytes: Buffer): Block | BadBlock {
    const block = openBlock(key, bytes);
    if (typeof block === 'string') return this.#bad(key, block);
    if (this.#cache.size >= maxCached) {
      for (const oldest of this.#cache.keys()) {
        this.#cache.delete(oldest);
        break;
      }
    }
    this.#cache.set(key, block);
    return block;
  }

  #bad(key: number, reason: string): BadBlock {
    const next = this.keyAfter(key) ?? Infinity;
    return { first: key, last: Math.min(key + maxBlockEvents, next) - 1, reason };
  }
}

/** The last position of a block. */
export function lastOf(block: Block | BadBlock): number {
  return 'reason' in block ? block.last : block.first + block.events.length - 1;
}
