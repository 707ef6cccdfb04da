import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { LogPage, LogRecord } from '../event-log.ts';

/**
 * The newest events of a log, as they were published: who lags a little reads them here, and nothing is decoded.
 *
 * A ring by position. A gap in the positions empties it: what lies in between is in the log alone.
 */
export class RecentEvents {
  readonly #capacity: number;
  readonly #ring: EventEnvelope[] = [];
  #first = 0;
  #next = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** An event was appended. */
  add(event: EventEnvelope, position: number): void {
    if (this.#capacity === 0) return;
    if (position !== this.#next) this.#first = position;
    this.#ring[position % this.#capacity] = event;
    this.#next = position + 1;
    if (this.#next - this.#first > this.#capacity) this.#first = this.#next - this.#capacity;
  }

  /** A page of those that are wanted, up to `last`; undefined where some of it is not here. */
  read(from: number, last: number, limit: number, wants: (type: string) => boolean): LogPage | undefined {
    if (from < this.#first || from >= this.#next || this.#next !== last + 1) return undefined;
    const records: LogRecord[] = [];
    let position = from;
    for (; position < this.#next && records.length < limit; position += 1) {
      const event = this.#ring[position % this.#capacity];
      if (event !== undefined && wants(event.type)) records.push({ position, event, appendedAt: 0 });
    }
    return { records, faults: [], next: position, atEnd: position === this.#next };
  }
}
