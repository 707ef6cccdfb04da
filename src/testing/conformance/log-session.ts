import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import type { Appended, EventLog, LogFeatures, LogPage, LogRange, LogRecord } from '../../event-log.ts';
import type { StorePorts } from '../../store.ts';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';

/** A log that is open, with the way to close it. */
export interface OpenLog {
  readonly log: EventLog;
  readonly close: () => Promise<void>;
}

/** A kind of log, as its conformance suite needs it. */
export interface EventLogSubject {
  readonly name: string;
  /** What it declares; it is held to that. */
  readonly features: LogFeatures;
  /** Opens the log at a place: empty at a new one; a durable log has what was written there before. */
  readonly open: (place: string, ports: StorePorts) => OpenLog | Promise<OpenLog>;
  /** Runs of the model at least. Default `50`. */
  readonly runs?: number;
}

/** An open log with its clock, which can be closed and opened again. */
export class LogSession {
  readonly clock: VirtualClock = createVirtualClock();
  readonly #subject: EventLogSubject;
  readonly #place: string;
  #open: OpenLog | undefined;

  constructor(subject: EventLogSubject, place: string) {
    this.#subject = subject;
    this.#place = place;
  }

  get log(): EventLog {
    if (this.#open === undefined) throw new TypeError('the session has not been opened');
    return this.#open.log;
  }

  async open(): Promise<void> {
    this.#open = await this.#subject.open(this.#place, { clock: this.clock, random: () => 0.5 });
  }

  async close(): Promise<void> {
    await this.#open?.close();
  }

  async reopen(): Promise<void> {
    await this.close();
    await this.open();
  }

  /** Appends; always a promise, so that several may be awaited together. */
  async append(events: readonly EventEnvelope[]): Promise<Appended> {
    return this.log.append(events);
  }

  /** All records of a range, page after page, with the pages checked on the way. */
  async readAll(range: LogRange = {}): Promise<readonly LogRecord[]> {
    const records: LogRecord[] = [];
    const down = range.order === 'newest';
    let next: LogRange = range;
    for (;;) {
      const page = await this.log.read(next);
      checkPage(page, next);
      records.push(...page.records);
      if (page.atEnd) return records;
      next = down ? { ...range, to: page.next } : { ...range, from: page.next };
    }
  }
}

function checkPage(page: LogPage, { limit = 1_024, order, from, to }: LogRange): void {
  const down = order === 'newest';
  if (page.records.length > limit) {
    throw new Error(`a page of ${limit} has ${page.records.length} records`);
  }
  if (page.faults.length > 0) throw new Error(`a sound log has faults: ${page.faults[0]?.reason}`);
  for (const { position } of page.records) {
    const passed = down ? position > page.next : position < page.next;
    if (!passed) throw new Error(`a page goes on at ${page.next}, yet gives ${position}`);
  }
  const stuck = down ? to !== undefined && page.next >= to : from !== undefined && page.next <= from;
  if (!page.atEnd && stuck) throw new Error(`a page goes on at ${page.next}, where it began`);
}

/** Opens a log at a place, does `work` with it, and closes it. */
export async function withLog(
  subject: EventLogSubject,
  place: string,
  work: (session: LogSession) => Promise<void>,
): Promise<void> {
  const session = new LogSession(subject, place);
  await session.open();
  try {
    await work(session);
  } finally {
    await session.close();
  }
}

/** The ids of records, in their order. */
export function idsOf(records: readonly { readonly event: EventEnvelope }[]): string[] {
  return records.map(({ event }) => event.id);
}
