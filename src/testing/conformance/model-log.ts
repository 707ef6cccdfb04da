import { canonicalEvent } from '../../../streams/event/canonical.ts';
import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import type { GlobPattern } from '../../../streams/event/glob.ts';
import { compileGlob } from '../../../streams/event/glob.ts';
import { matches } from '../../../streams/event/pattern.ts';
import type { LogBounds, LogRange, LogRecord } from '../../event-log.ts';

/** What a log must do, in the simplest way there is: everything in an array, every answer by going through it. */
export class ModelLog {
  #records: LogRecord[] = [];
  #last = 0;
  #time = 0;

  append(events: readonly EventEnvelope[], first: number, now: number): void {
    this.#time = Math.max(this.#time, Math.floor(now));
    for (const [at, event] of events.entries()) {
      this.#records.push({ position: first + at, event: canonicalEvent(event), appendedAt: this.#time });
      this.#last = first + at;
    }
  }

  get last(): number {
    return this.#last;
  }

  bounds(): LogBounds {
    const first = this.#records[0]?.position ?? this.#last + 1;
    return { first, last: this.#last, count: this.#records.length };
  }

  positionAt(time: number): number {
    return this.#records.find(({ appendedAt }) => appendedAt >= time)?.position ?? this.#last + 1;
  }

  trim(before: number): number {
    return this.#keep(({ position }) => position >= before);
  }

  remove(positions: readonly number[]): number {
    return this.#keep(({ position }) => !positions.includes(position));
  }

  read(range: LogRange): LogRecord[] {
    const found = this.#records.filter((record) => inRange(record, range));
    return range.order === 'newest' ? found.toReversed() : found;
  }

  #keep(wanted: (record: LogRecord) => boolean): number {
    const had = this.#records.length;
    this.#records = this.#records.filter(wanted);
    return had - this.#records.length;
  }
}

function inRange({ position, event, appendedAt }: LogRecord, range: LogRange): boolean {
  const {
    from = 0,
    to = Infinity,
    since = -Infinity,
    until = Infinity,
    patterns,
    key,
    correlationId,
  } = range;
  return (
    position >= from &&
    position <= to &&
    appendedAt >= since &&
    appendedAt < until &&
    (key === undefined || event.key === key) &&
    (correlationId === undefined || event.correlationId === correlationId) &&
    (patterns === undefined || patterns.some((pattern) => fits(pattern, event.type)))
  );
}

function fits(pattern: string | GlobPattern, type: string): boolean {
  return typeof pattern === 'string' ? matches(pattern, type) : compileGlob(pattern)(type);
}
