import type { EventEnvelope } from '../streams/event/envelope.ts';
import type { GlobPattern } from '../streams/event/glob.ts';
import type { PublishLevel } from './publish-level.ts';

/** One event as a log keeps it. */
export interface LogRecord {
  /** Where it stands: 1 or more, higher than that of every record before it. Positions may have gaps. */
  readonly position: number;
  readonly event: EventEnvelope;
  /** When it was appended, milliseconds since the epoch; never less than that of the record before. */
  readonly appendedAt: number;
}

/** A record that a log has, but can no longer give: its bytes are not those that were written. */
export interface LogFault {
  readonly position: number;
  /** What is wrong with it. */
  readonly reason: string;
}

/** Which records are wanted. All conditions must hold; without any it is the whole log, oldest first. */
export interface LogRange {
  /** First position wanted. Default: the first that is kept. */
  readonly from?: number;
  /** Last position wanted. Default: the last there is. */
  readonly to?: number;
  /** Appended at this time or later. */
  readonly since?: number;
  /** Appended before this time. */
  readonly until?: number;
  /** Types wanted: an event is wanted when one of the patterns matches. */
  readonly patterns?: readonly (string | GlobPattern)[];
  /** Events of this key alone. */
  readonly key?: string;
  /** Events of this correlation id alone. */
  readonly correlationId?: string;
  /** Records in a page at most. Default `1_024`. */
  readonly limit?: number;
  /** Default `'oldest'` first. */
  readonly order?: 'oldest' | 'newest';
}

/** A piece of a range. */
export interface LogPage {
  /** In the order asked for. May be fewer than `limit`, or none, before the end: a look is bounded, too. */
  readonly records: readonly LogRecord[];
  /** What was wanted, or might have been, and could not be read. The reader goes on after it. */
  readonly faults: readonly LogFault[];
  /** Where to read on: the next page's `from`, or its `to` with `order: 'newest'`. */
  readonly next: number;
  /** Whether the range ends here, as far as the log goes now. */
  readonly atEnd: boolean;
}

/** What a log holds. */
export interface LogBounds {
  /** The lowest position kept; `last + 1` when it is empty. */
  readonly first: number;
  /** The highest position ever given out; 0 before the first append. */
  readonly last: number;
  /** How many records are kept. */
  readonly count: number;
}

/** What an append reached. Event `i` of the batch stands at `first + i`. */
export interface Appended {
  readonly first: number;
  readonly level: PublishLevel;
}

/** What a log can do; the conformance suite holds it to what it declares. */
export interface LogFeatures {
  /** What an append has reached when it resolves. */
  readonly level: PublishLevel;
  /** Records outlive the process. */
  readonly durable: boolean;
  /** Positions have no gaps but those that trim and remove make. */
  readonly dense: boolean;
}

/** Hears of each append that has been committed, in the order of positions. Must not throw. */
export type AppendListener = (first: number, events: readonly EventEnvelope[], appendedAt: number) => void;

/**
 * A sequence of events that only grows at its end.
 *
 * Obligations. `append`: atomic, all of a batch or nothing, also after a crash; what it resolved for is read
 * back exactly once, at its position, in canonical form; positions of appends follow the order of the calls;
 * nobody reads an event that is not committed. `read`: records in order, never one whose bytes have changed:
 * those are faults. `trim` and `remove` leave all other records and positions as they are; positions are
 * never used again. Failures are `StorageError`s, and `ClosedError` after close.
 */
export interface EventLog {
  readonly name: string;
  readonly features: LogFeatures;
  /** Appends a batch. @throws StorageError; nothing of it was appended then, unless the error says `unknown`. */
  append(events: readonly EventEnvelope[]): Appended | Promise<Appended>;
  /** Reads a page of a range. Cost: in proportion to the page, however long the log. */
  read(range?: LogRange): LogPage | Promise<LogPage>;
  bounds(): LogBounds | Promise<LogBounds>;
  /** The position of the first record appended at `time` or later; `last + 1` if there is none. */
  positionAt(time: number): number | Promise<number>;
  /** Removes all records before a position. Resolves to how many they were. */
  trim(before: number): Promise<number>;
  /** Removes single records, as compaction does. Resolves to how many there were. */
  remove(positions: readonly number[]): Promise<number>;
  /** Gives the function that ends it. */
  watch(listener: AppendListener): () => void;
}

/** What replays and queries read. */
export type ReadableLog = Pick<EventLog, 'read' | 'bounds' | 'positionAt'>;
