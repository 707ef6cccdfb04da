import { createHash, type Hash } from 'node:crypto';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';

/** What can happen in a run. */
export type Happening =
  /** An event was handed to the transport. */
  | 'published'
  /** A dead letter was given back to its subscriber. */
  | 'requeued'
  /** The transport refused an event, or failed to take it. */
  | 'refused'
  /** A handler call began. */
  | 'started'
  /** A handler call ended; `dead-lettered` and `dropped` are the end of an event. */
  | 'ok'
  | 'failed'
  | 'timed-out'
  | 'dead-lettered'
  | 'dropped'
  /** A breaker, or the flow of a subscriber, changed its state. */
  | 'breaker'
  | 'flow'
  /** The logger was told a warning or an error. */
  | 'warned'
  | 'crashed'
  | 'restarted';

/** One thing that happened in a run. */
export interface TimelineEntry {
  readonly what: Happening;
  /** Milliseconds since the run began. */
  readonly at: number;
  /** Id of the event that it happened to. */
  readonly eventId?: string;
  readonly subscriber?: string;
  /** 1 for the first try. */
  readonly attempt?: number;
  /** What there is to say: the new state, the time to the next try. Part of the fingerprint. */
  readonly detail?: string;
  /** For people: texts of errors. Not part of the fingerprint, as other versions of Node word them otherwise. */
  readonly note?: string;
}

const keptEntries = 100_000;

/** Records what happens in a run, in order. Keeps the last 100 000 entries; the fingerprint covers all. */
export class Timeline {
  readonly #now: () => number;
  readonly #hash: Hash = createHash('sha256');
  readonly #labels = new Map<string, string>();
  #entries: TimelineEntry[] = [];
  #left = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** What happened, oldest first. */
  get entries(): readonly TimelineEntry[] {
    return this.#entries;
  }

  add(entry: Omit<TimelineEntry, 'at'>): void {
    const { what, eventId = '', subscriber = '', attempt = 0, detail = '' } = entry;
    const at = this.#now();
    this.#hash.update(`${at}|${what}|${eventId}|${subscriber}|${attempt}|${detail}\n`);
    this.#entries.push({ ...entry, at });
    if (this.#entries.length < 2 * keptEntries) return;
    this.#left += this.#entries.length - keptEntries;
    this.#entries = this.#entries.slice(-keptEntries);
  }

  /** Notes that an event was published, and gives it its number. */
  published(event: EventEnvelope): void {
    const { id, type, key, priority, time } = event;
    const number = this.#labels.size + 1;
    const lane = priority === 'normal' ? '' : ` ${priority}`;
    if (!this.#labels.has(id)) {
      this.#labels.set(id, `#${number} ${type}${key === undefined ? '' : ` key ${key}`}${lane}`);
    }
    this.#hash.update(`${type}|${key ?? ''}|${priority}|${time}|${dataText(event.data)}\n`);
    this.add({ what: 'published', eventId: id });
  }

  /** A timer has fired: part of the fingerprint alone. */
  timer(at: number): void {
    this.#hash.update(`t${at}\n`);
  }

  /** Sixteen digits that say whether two runs were the same: every entry, payload and timer went into them. */
  fingerprint(): string {
    return this.#hash.copy().digest('hex').slice(0, 16);
  }

  /** The entries as text, one a line; the last `limit` of them, default 200. */
  text(limit = 200): string {
    const shown = this.#entries.slice(-limit);
    const before = this.#left + this.#entries.length - shown.length;
    const lines = shown.map((entry) => this.#line(entry));
    return [...(before > 0 ? [`… ${before} entries before`] : []), ...lines].join('\n');
  }

  #line({ at, what, eventId, subscriber, attempt, detail, note }: TimelineEntry): string {
    const event = eventId === undefined ? '' : ` ${this.#labels.get(eventId) ?? eventId}`;
    const where = subscriber === undefined ? '' : ` at ${subscriber}`;
    const attempts = attempt === undefined || attempt < 2 ? '' : `, attempt ${attempt}`;
    const rest = [detail, note].filter((text) => text !== undefined && text !== '').join('; ');
    const said = rest === '' ? '' : `: ${rest}`;
    return `${shownMs(at).padStart(10)}  ${what.padEnd(13)}${event}${where}${attempts}${said}`;
  }
}

function shownMs(at: number): string {
  return `${Number(at.toFixed(3))} ms`;
}

function dataText(data: unknown): string {
  try {
    return JSON.stringify(data) ?? 'undefined';
  } catch (error) {
    return describeError(error);
  }
}
