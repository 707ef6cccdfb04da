import { describeError } from '../../streams/event/describe-error.ts';
import type { LogFault, LogRecord } from '../event-log.ts';
import type { Archive, ArchivedSegment } from './archive.ts';
import { countOf, positionsIn } from './position-runs.ts';
import { readBlock } from './segment-reader.ts';
import type { IndexedBlock } from './segment-writer.ts';

/** Blocks that stay decoded: the next page most often goes on in the middle of one. */
const keptBlocks = 16;

/** A stretch of an archive that one look reads: a block, or what lies where no block can be found. */
export interface Stretch {
  readonly first: number;
  readonly last: number;
  /** When its first and last record were appended, where that is known. */
  readonly firstAt?: number;
  readonly lastAt?: number;
  readonly read: () => Promise<StretchContent>;
}

export interface StretchContent {
  readonly records: readonly LogRecord[];
  readonly faults: readonly LogFault[];
}

/** What is looked for: all between two positions, appended between two times. */
export interface Look {
  readonly low: number;
  readonly high: number;
  readonly newest: boolean;
  readonly since: number | undefined;
  readonly until: number | undefined;
}

interface SortedSegments {
  readonly of: readonly ArchivedSegment[];
  readonly byFirst: readonly ArchivedSegment[];
  readonly byLast: readonly ArchivedSegment[];
}

/** Reads blocks of an archive, and turns those that cannot be read into faults of their positions. */
export class ArchivedBlocks {
  readonly #archive: Archive;
  #sorted: SortedSegments | undefined;
  readonly #decoded = new Map<IndexedBlock, StretchContent>();

  constructor(archive: Archive) {
    this.#archive = archive;
  }

  /** Nothing before this position is read. */
  get floor(): number {
    return this.#archive.floor;
  }

  /**
   * The first stretches of a look, in its order: `max`, and the one that follows them; more where more than that begin
   * before the look does, for a page must come to an end beyond its start. Opens the segments that it needs.
   */
  async stretches(look: Look, max: number): Promise<Stretch[]> {
    const low = Math.max(look.low, this.#archive.floor);
    const edge = (part: { readonly first: number; readonly last: number }): number =>
      look.newest ? -part.last : part.first;
    const start = look.newest ? -look.high : low;
    let found: Stretch[] = [];
    let following: Stretch | undefined;
    for (const segment of this.#inOrder(look.newest)) {
      if (!isWithin(segment.entry, low, look)) continue;
      // Segments overlap when policies take events at different ages, so the order of blocks is settled here.
      if (following !== undefined && edge(following) < edge(segment.entry)) break;
      for (const stretch of await this.#ofSegment(segment)) {
        if (isWithin(stretch, low, look)) found.push(stretch);
      }
      found = found.toSorted((a, b) => edge(a) - edge(b));
      const end = found.findIndex((stretch, at) => at >= max && edge(stretch) > start);
      if (end >= 0) found = found.slice(0, end + 1);
      following = end >= 0 ? found[end] : undefined;
    }
    return found;
  }

  #inOrder(newest: boolean): readonly ArchivedSegment[] {
    const { segments } = this.#archive;
    if (this.#sorted?.of !== segments) {
      this.#sorted = {
        of: segments,
        byFirst: segments.toSorted((a, b) => a.entry.first - b.entry.first),
        byLast: segments.toSorted((a, b) => b.entry.last - a.entry.last),
      };
    }
    return newest ? this.#sorted.byLast : this.#sorted.byFirst;
  }

  async #ofSegment(segment: ArchivedSegment): Promise<Stretch[]> {
    const { entry } = segment;
    const opened = await segment.opened();
    if (typeof opened === 'string') return [lost(segment, entry.first, entry.last, opened)];
    const hides = countOf(entry.runs) < entry.count;
    const stretches: Stretch[] = opened.blocks.map((block) => ({
      first: block.first,
      last: block.last,
      firstAt: block.firstAt,
      lastAt: block.lastAt,
      read: hides ? () => this.#readSome(segment, block) : () => this.#read(segment, block),
    }));
    const end = opened.blocks.at(-1)?.last ?? entry.first - 1;
    if (end < entry.last) stretches.push(lost(segment, end + 1, entry.last, opened.damage.join(', ')));
    return stretches;
  }

  /** Of a segment of which records were removed since. */
  async #readSome(segment: ArchivedSegment, block: IndexedBlock): Promise<StretchContent> {
    const { records, faults } = await this.#read(segment, block);
    const kept = new Set(positionsIn(segment.entry.runs, block.first, block.last));
    return { records: records.filter(({ position }) => kept.has(position)), faults };
  }

  async #read(segment: ArchivedSegment, block: IndexedBlock): Promise<StretchContent> {
    const known = this.#decoded.get(block);
    if (known !== undefined) return known;
    const { name } = segment.entry;
    let content: StretchContent;
    try {
      const records = await readBlock(
        (offset, length) => this.#archive.files.read(name, offset, length),
        block,
      );
      content = { records, faults: [] };
    } catch (error) {
      const reason = `a block of ${name} ${describeError(error)}`;
      // Not kept: it may be readable again.
      return { records: [], faults: faultsOf(segment, block.first, block.last, reason) };
    }
    if (this.#decoded.size >= keptBlocks) {
      for (const oldest of this.#decoded.keys()) {
        this.#decoded.delete(oldest);
        break;
      }
    }
    this.#decoded.set(block, content);
    return content;
  }
}

function isWithin(part: Omit<Stretch, 'read'>, low: number, { high, since, until }: Look): boolean {
  if (part.last < low || part.first > high) return false;
  if (since !== undefined && part.lastAt !== undefined && part.lastAt < since) return false;
  return until === undefined || part.firstAt === undefined || part.firstAt < until;
}

function lost(segment: ArchivedSegment, first: number, last: number, why: string): Stretch {
  const reason = `${segment.entry.name}: ${why}`;
  return { first, last, read: async () => ({ records: [], faults: faultsOf(segment, first, last, reason) }) };
}

function faultsOf({ entry }: ArchivedSegment, first: number, last: number, reason: string): LogFault[] {
  return Array.from(positionsIn(entry.runs, first, last), (position) => ({ position, reason }));
}
