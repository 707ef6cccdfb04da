import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventLog, LogPage, LogRange, LogRecord } from '../event-log.ts';
import { whenCalled } from '../when-done.ts';
import type { OpenPosition } from './cursor.ts';

/** Records in a page at most: what is read at once holds up the process. */
const pageSize = 512;
/** Positions that one look for events left open goes over at most. */
const recoverySpan = 1_024;
const firstRetryMs = 100;
const longestRetryMs = 5_000;

/** What reads for one subscription asks of it. */
export interface BacklogPorts {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly patterns: NonNullable<LogRange['patterns']>;
  /** The same from memory, of events that are new enough; undefined where they are not. */
  readonly recent: (from: number, limit: number) => LogPage | undefined;
  /** How many more events it may be given now. */
  readonly room: () => number;
  /** A page pays from this much room on. */
  readonly least: () => number;
  readonly take: (record: LogRecord, failed: number) => void;
  /** The first `count` of those left open have been given, or are gone for good. */
  readonly recovered: (count: number) => void;
  /** Tells what could not be read, what was trimmed before it was, and that the log is tried again. */
  readonly trouble: (type: string, data: object) => void;
  /** The end was reached: all further events come another way, or there are more to read, or not until a poke. */
  readonly caughtUp: (next: number) => 'done' | 'more' | 'wait';
}

/**
 * Reads for a subscription what it has not had from memory: what a run before left open, then page by page.
 *
 * One page at a time, of no more than there is room for, and a turn of the event loop between two: a long backlog
 * holds up nobody. A log that cannot be read is tried again, after ever longer waits.
 */
export class Backlog {
  /** The next position to read. */
  next: number;
  readonly #ports: BacklogPorts;
  #recovering: readonly OpenPosition[];
  #busy = false;
  #ended = false;
  #retryMs = firstRetryMs;
  #timer: TimerHandle;

  constructor(next: number, recovering: readonly OpenPosition[], ports: BacklogPorts) {
    this.next = next;
    this.#recovering = recovering;
    this.#ports = ports;
  }

  /** Reads on, if nothing is being read and there is room. */
  readonly poke = (): void => {
    if (this.#busy || this.#ended) return;
    const room = this.#ports.room();
    if (room < this.#ports.least()) return;
    this.#busy = true;
    if (this.#recovering.length > 0) this.#recover(room);
    else this.#read(room);
  };

  /** Reads no more; what is being read is not given. */
  end(): void {
    this.#ended = true;
    this.#ports.clock.clearTimeout(this.#timer);
  }

  #read(room: number): void {
    const { log, patterns, recent } = this.#ports;
    const limit = Math.min(room, pageSize);
    const known = recent(this.next, limit);
    if (known !== undefined) {
      this.#took(known);
      return;
    }
    whenCalled(
      () => {
        this.#skipTrimmed();
        return log.read({ from: this.next, patterns, limit });
      },
      (page) => this.#took(page),
      this.#failed,
    );
  }

  #took(page: LogPage): void {
    if (this.#ended) return;
    const { take, caughtUp } = this.#ports;
    for (const record of page.records) take(record, 0);
    for (const fault of page.faults) this.#ports.trouble('storage.fault', fault);
    // Not before they are taken: the place that is kept must not lie beyond what is.
    this.next = page.next;
    const then = page.atEnd ? caughtUp(page.next) : 'more';
    if (then === 'done') this.end();
    else if (then === 'more') this.#onward();
    else this.#busy = false;
  }

  /** Reads a stretch of the log in which events were left open; what is not in it any more is gone. */
  #recover(room: number): void {
    const { log, patterns, recovered } = this.#ports;
    const from = this.#recovering[0]?.position ?? 0;
    let count = 1;
    while (count < room && (this.#recovering[count]?.position ?? Infinity) < from + recoverySpan) count += 1;
    const to = this.#recovering[count - 1]?.position ?? from;
    whenCalled(
      () => log.read({ from, to, patterns, limit: recoverySpan }),
      (page) => {
        if (this.#ended) return;
        const seenTo = page.atEnd ? to : page.next - 1;
        const open = this.#recovering.slice(0, count).filter(({ position }) => position <= seenTo);
        this.#recovering = this.#recovering.slice(open.length);
        // Before they are given: given, they are open again.
        recovered(open.length);
        this.#giveOpen(open, page.records);
        for (const fault of page.faults) this.#ports.trouble('storage.fault', fault);
        this.#onward();
      },
      this.#failed,
    );
  }

  #giveOpen(open: readonly OpenPosition[], records: readonly LogRecord[]): void {
    const failed = new Map(open.map((place) => [place.position, place.failed]));
    for (const record of records) {
      const before = failed.get(record.position);
      if (before !== undefined) this.#ports.take(record, before);
    }
  }

  #onward(): void {
    this.#retryMs = firstRetryMs;
    this.#ports.clock.yieldTurn(() => {
      this.#busy = false;
      this.poke();
    });
  }

  readonly #failed = (error: unknown): void => {
    if (this.#ended) return;
    this.#ports.trouble('storage.unreadable', { reason: describeError(error) });
    this.#timer = this.#ports.clock.setTimeout(
      () => {
        this.#busy = false;
        this.poke();
      },
      this.#retryMs,
      true,
    );
    this.#retryMs = Math.min(longestRetryMs, this.#retryMs * 2);
  };

  /** Says what was trimmed unread, where the log can tell at once. */
  #skipTrimmed(): void {
    const bounds = this.#ports.log.bounds();
    if (bounds instanceof Promise) {
      bounds.catch(() => {});
      return;
    }
    const { first, last } = bounds;
    if (this.next >= first || this.next > last) return;
    this.#ports.trouble('storage.trimmed', { from: this.next, to: first - 1 });
    this.next = first;
  }
}
