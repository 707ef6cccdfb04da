import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { LogPage, LogRecord, LogBounds } from '../event-log.ts';
import { PositionIndex } from './position-index.ts';
import { isWanted, resolveRange, type ResolvedRange } from './resolve-range.ts';
import type { LogRange } from '../event-log.ts';

/** Records that one page looks at, at most: a pattern that nothing matches must not hold up the process. */
const maxLook = 16_384;

/** The records of a log in memory: an array by position, and indexes from the first read that needs them. */
export class MemoryRecords {
  readonly #maxEvents: number;
  /** Removed records leave a hole. */
  #records: (LogRecord | undefined)[] = [];
  /** The position of the array's first place. */
  #base = 1;
  /** The first place that holds a record. */
  #start = 0;
  #count = 0;
  #lastTime = 0;
  #byKey: PositionIndex | undefined;
  #byCorrelation: PositionIndex | undefined;

  constructor(maxEvents: number) {
    this.#maxEvents = maxEvents;
  }

  /** Appends, and gives when it did so. Trims the oldest beyond the maximum. */
  append(events: readonly EventEnvelope[], now: number): number {
    const appendedAt = Math.max(this.#lastTime, Math.floor(now));
    this.#lastTime = appendedAt;
    for (const event of events) {
      const record = { position: this.#base + this.#records.length, event, appendedAt };
      this.#records.push(record);
      this.#note(record);
    }
    this.#count += events.length;
    for (let at = this.#start; this.#count > this.#maxEvents; at += 1) this.#drop(at);
    this.#settleStart();
    return appendedAt;
  }

  bounds(): LogBounds {
    return { first: this.#base + this.#start, last: this.#last, count: this.#count };
  }

  positionAt(time: number): number {
    let low = this.#start;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      // A hole says nothing: the next record decides, and where there is none the answer lies before.
      let at = middle;
      while (at < high && this.#records[at] === undefined) at += 1;
      const record = this.#records[at];
      if (record === undefined || at === high || record.appendedAt >= time) high = middle;
      else low = at + 1;
    }
    while (low < this.#records.length && this.#records[low] === undefined) low += 1;
    return this.#base + low;
  }

  trim(before: number): number {
    const had = this.#count;
    const end = Math.min(before - this.#base, this.#records.length);
    for (let at = this.#start; at < end; at += 1) this.#drop(at);
    this.#settleStart();
    return had - this.#count;
  }

  remove(positions: readonly number[]): number {
    const had = this.#count;
    for (const position of positions) this.#drop(position - this.#base);
    this.#settleStart();
    return had - this.#count;
  }

  read(range: LogRange | undefined): LogPage {
    const wanted = resolveRange(range);
    let from = Math.max(wanted.from, this.#base + this.#start);
    let to = Math.min(wanted.to, this.#last);
    if (wanted.since !== undefined) from = Math.max(from, this.positionAt(wanted.since));
    if (wanted.until !== undefined) to = Math.min(to, this.positionAt(wanted.until) - 1);
    const step = this.#stepper(wanted);
    const records: LogRecord[] = [];
    let at: number | undefined = wanted.newest ? to : from;
    for (let looked = 0; looked < maxLook && records.length < wanted.limit; looked += 1) {
      at = step(at);
      if (at === undefined || at < from || at > to) {
        return { records, faults: [], next: wanted.newest ? from - 1 : Math.max(from, to + 1), atEnd: true };
      }
      const record = this.#records[at - this.#base];
      if (record !== undefined && isWanted(record.event, wanted)) records.push(record);
      at += wanted.newest ? -1 : 1;
    }
    return { records, faults: [], next: at, atEnd: wanted.newest ? at < from : at > to };
  }

  get #last(): number {
    return this.#base + this.#records.length - 1;
  }

  /** Gives the next position to look at, from one on, in the order of the range. */
  #stepper({ key, correlationId, newest }: ResolvedRange): (at: number) => number | undefined {
    const keys = key === undefined ? undefined : (this.#byKey ??= this.#indexed('key'));
    const correlations =
      correlationId === undefined ? undefined : (this.#byCorrelation ??= this.#indexed('correlationId'));
    let [index, text] = [keys, key];
    if (
      correlationId !== undefined &&
      correlations !== undefined &&
      (keys === undefined || key === undefined || correlations.count(correlationId) < keys.count(key))
    ) {
      [index, text] = [correlations, correlationId];
    }
    if (index === undefined || text === undefined) return (at) => at;
    const [chosen, wanted] = [index, text];
    return newest ? (at) => chosen.atOrBefore(wanted, at) : (at) => chosen.atOrAfter(wanted, at);
  }

  #indexed(field: 'key' | 'correlationId'): PositionIndex {
    const index = new PositionIndex();
    for (const record of this.#records) {
      const text = record?.event[field];
      if (record !== undefined && text !== undefined) index.add(text, record.position);
    }
    return index;
  }

  #note({ event: { key, correlationId }, position }: LogRecord): void {
    if (this.#byKey !== undefined && key !== undefined) this.#byKey.add(key, position);
    if (this.#byCorrelation !== undefined && correlationId !== undefined) {
      this.#byCorrelation.add(correlationId, position);
    }
  }

  #drop(at: number): void {
    const record = this.#records[at];
    if (record === undefined) return;
    this.#records[at] = undefined;
    this.#count -= 1;
    const { key, correlationId } = record.event;
    if (key !== undefined) this.#byKey?.remove(key, record.position);
    if (correlationId !== undefined) this.#byCorrelation?.remove(correlationId, record.position);
  }

  #settleStart(): void {
    while (this.#start < this.#records.length && this.#records[this.#start] === undefined) this.#start += 1;
    if (this.#start < 1_024 || this.#start * 2 < this.#records.length) return;
    this.#records = this.#records.slice(this.#start);
    this.#base += this.#start;
    this.#start = 0;
  }
}
