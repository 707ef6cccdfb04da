import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { type Databases, readTypes } from './lmdb-databases.ts';
import type { Blocks } from './lmdb-blocks.ts';
import { type IndexEntry, OpenSegment, segmentOf, segmentSize } from './lmdb-segment.ts';

/** The part of the index that is in memory: segments that are not full, and the types there are. */
export class IndexState {
  readonly #databases: Databases;
  readonly #blocks: Blocks;
  readonly #open = new Map<number, OpenSegment>();
  #types: Set<string> | undefined;
  #loaded = false;

  constructor(databases: Databases, blocks: Blocks) {
    this.#databases = databases;
    this.#blocks = blocks;
  }

  /** Segments that are not stored yet. Reads the last one from the log, when it is first asked for. */
  segments(last: number): ReadonlyMap<number, OpenSegment> {
    if (!this.#loaded) this.#load(last);
    return this.#open;
  }

  /** All types that ever came; undefined when that is not known. */
  types(last: number): ReadonlySet<string> | undefined {
    if (!this.#loaded) this.#load(last);
    return this.#types;
  }

  /** Adds events that are about to be written, and gives what is to be stored of the index with them. */
  add(first: number, events: readonly EventEnvelope[]): { entries: IndexEntry[]; types: string[] } {
    if (!this.#loaded) this.#load(first - 1);
    const entries: IndexEntry[] = [];
    const types: string[] = [];
    let position = first;
    // A segment is full, and not known to be so, when the event that would be its next one opens another.
    for (const [number, full] of this.#open) if (number < segmentOf(first)) entries.push(...full.seal());
    let segment = this.#segment(segmentOf(position));
    for (const event of events) {
      if (position >= (segment.segment + 1) * segmentSize) {
        entries.push(...segment.seal());
        segment = this.#segment(segmentOf(position));
      }
      segment.add(position, event);
      position += 1;
      if (this.#types !== undefined && !this.#types.has(event.type)) {
        this.#types.add(event.type);
        types.push(event.type);
      }
    }
    return { entries, types };
  }

  /** What was added is on the disk: full segments are read from there. */
  settle(last: number): void {
    if (this.#open.size < 2) return;
    for (const segment of this.#open.keys()) if (segment < segmentOf(last)) this.#open.delete(segment);
  }

  /** Forgets everything: what was added did not come to be. */
  forget(): void {
    this.#loaded = false;
    this.#open.clear();
  }

  #segment(number: number): OpenSegment {
    let segment = this.#open.get(number);
    if (segment === undefined) {
      segment = new OpenSegment(number);
      this.#open.set(number, segment);
    }
    return segment;
  }

  #load(last: number): void {
    this.#loaded = true;
    this.#open.clear();
    this.#types = readTypes(this.#databases);
    // The next position may open a segment of its own; what comes before it is stored then.
    const number = segmentOf(last);
    const segment = this.#segment(number);
    const start = number * segmentSize;
    for (const block of this.#blocks.upward(this.#blocks.keyAtOrBefore(start) ?? start, last)) {
      if ('reason' in block) continue;
      for (const [at, event] of block.events.entries()) {
        const position = block.first + at;
        if (position >= start && position <= last) segment.add(position, event);
      }
    }
  }
}
