import type { Subscriber } from 'rxjs';
import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { SideOutput } from '../../streams/operators/side-output.ts';
import type { LogFault, LogPage, LogRange, LogRecord, ReadableLog } from '../event-log.ts';
import type { ReplayProgress } from './replay.ts';
import { whenCalled } from '../when-done.ts';

/** What a replay plays. */
export interface ReplayPlan {
  readonly range: LogRange;
  /** How many times as fast as it was; `Infinity` for no pauses. */
  readonly speed: number;
  readonly byEventTime: boolean;
  readonly faults: SideOutput<LogFault> | undefined;
  /** Handles a record before it is emitted. */
  readonly handle: ((record: LogRecord) => void | Promise<void>) | undefined;
}

export interface ReplayPorts {
  readonly log: ReadableLog;
  readonly clock: Clock;
  readonly lift: (event: EventEnvelope) => EventEnvelope;
}

const nothing: LogPage = { records: [], faults: [], next: 0, atEnd: false };

/**
 * One subscription of a replay: reads page by page and emits record by record, one at a time.
 *
 *     read a page ─► wait until a record is due ─► handle ─► emit ─┐
 *          ▲                     ▲──────────── next record ────────┤
 *          └──────────────────────────── page is done ─────────────┘
 *
 * A turn of the event loop lies between two pages. Paused, it stays before a record, and begins its time anew.
 */
export class ReplayRun {
  readonly #plan: ReplayPlan;
  readonly #ports: ReplayPorts;
  readonly #output: Subscriber<LogRecord>;
  #page = nothing;
  #at = 0;
  #from: number;
  #to: number;
  #position = 0;
  #emitted = 0;
  #faults = 0;
  /** Something else goes on: a page is read, a handler runs, a timer waits. */
  #busy = false;
  #paused: boolean;
  #ended = false;
  #timer: TimerHandle;
  /** When, by the monotonic clock, a record of the base time was due; undefined at the start and after a pause. */
  #base: { readonly at: number; readonly time: number } | undefined;

  constructor(plan: ReplayPlan, ports: ReplayPorts, output: Subscriber<LogRecord>, paused: boolean) {
    this.#plan = plan;
    this.#ports = ports;
    this.#output = output;
    this.#paused = paused;
    this.#from = plan.range.from ?? 1;
    this.#to = plan.range.to ?? 0;
  }

  /** Finds where the log ends now, and begins. */
  start(): void {
    this.#busy = true;
    whenCalled(
      () => this.#ports.log.bounds(),
      ({ first, last }) => {
        this.#from = Math.max(this.#from, first);
        this.#to = Math.min(this.#plan.range.to ?? last, last);
        this.#page = { ...nothing, next: this.#from };
        this.#busy = false;
        this.#goOn();
      },
      this.#fail,
    );
  }

  end(): void {
    this.#ended = true;
    this.#ports.clock.clearTimeout(this.#timer);
  }

  pause(): void {
    this.#paused = true;
    if (this.#timer === undefined) return;
    this.#ports.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#busy = false;
  }

  resume(): void {
    this.#paused = false;
    this.#base = undefined;
    this.#goOn();
  }

  progress(): ReplayProgress {
    const length = this.#to - this.#from + 1;
    const done = this.#ended && this.#page.atEnd ? length : Math.max(0, this.#position - this.#from + 1);
    return {
      position: this.#position,
      emitted: this.#emitted,
      faults: this.#faults,
      from: this.#from,
      to: this.#to,
      share: length <= 0 ? 1 : Math.min(1, done / length),
    };
  }

  #goOn(): void {
    while (!this.#busy && !this.#paused && !this.#ended) {
      const record = this.#page.records[this.#at];
      if (record === undefined) {
        this.#nextPage();
        return;
      }
      if (this.#waits(record)) return;
      this.#at += 1;
      this.#play(record);
    }
  }

  #play(record: LogRecord): void {
    const { handle } = this.#plan;
    if (handle === undefined) {
      this.#emit(record);
      return;
    }
    let now = true;
    this.#busy = true;
    whenCalled(
      () => handle(record),
      () => {
        this.#busy = false;
        if (this.#ended) return;
        this.#emit(record);
        if (!now) this.#goOn();
      },
      this.#fail,
    );
    now = false;
  }

  #emit(record: LogRecord): void {
    this.#position = record.position;
    this.#emitted += 1;
    this.#output.next(record);
  }

  /** Whether a record is not due yet; then a timer goes on when it is. */
  #waits({ appendedAt, event }: LogRecord): boolean {
    const { speed, byEventTime } = this.#plan;
    if (speed === Infinity) return false;
    const { clock } = this.#ports;
    const now = clock.monotonic();
    const time = byEventTime ? event.time : appendedAt;
    this.#base ??= { at: now, time };
    const waitMs = this.#base.at + (time - this.#base.time) / speed - now;
    if (waitMs <= 0) return false;
    this.#busy = true;
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined;
      this.#busy = false;
      this.#goOn();
    }, waitMs);
    return true;
  }

  #nextPage(): void {
    const { next, atEnd } = this.#page;
    if (atEnd || next > this.#to) {
      this.#page = { ...nothing, next, atEnd: true };
      this.end();
      this.#output.complete();
      return;
    }
    this.#busy = true;
    whenCalled(
      () => this.#ports.log.read({ ...this.#plan.range, from: next, to: this.#to }),
      (page) => {
        if (this.#ended) return;
        this.#page = { ...page, records: this.#lifted(page.records) };
        this.#at = 0;
        for (const fault of page.faults) this.#fault(fault);
        this.#ports.clock.yieldTurn(() => {
          this.#busy = false;
          this.#goOn();
        });
      },
      this.#fail,
    );
  }

  #lifted(records: readonly LogRecord[]): readonly LogRecord[] {
    return records.flatMap((record) => this.#lift(record));
  }

  #lift(record: LogRecord): LogRecord | [] {
    try {
      const event = this.#ports.lift(record.event);
      return event === record.event ? record : { ...record, event };
    } catch (error) {
      this.#fault({ position: record.position, reason: describeError(error) });
      return [];
    }
  }

  #fault(fault: LogFault): void {
    this.#faults += 1;
    this.#plan.faults?.next(fault);
  }

  readonly #fail = (error: unknown): void => {
    if (this.#ended) return;
    this.end();
    this.#output.error(error);
  };
}
