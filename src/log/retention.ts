import type { Clock } from '../../streams/event/clock.ts';
import type { EventLog, LogFault, LogRecord } from '../event-log.ts';
import { eventBytes, RetentionClass } from './retention-class.ts';
import type { LatestByKey } from './retention-keys.ts';
import type { PolicySet } from './retention-policy.ts';

/** What a sweep is told. */
export interface SweepOptions {
  /** Nothing from this position on is removed. */
  readonly floor: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Takes records out of the log, in ascending order. What it rejects with ends the sweep; nothing of it counts. */
  readonly remove: (records: readonly LogRecord[]) => Promise<void>;
  /** Records and bytes that are taken out together. */
  readonly batch: { readonly count: number; readonly bytes: number };
  /** Whether to take out what is left when the sweep ends, though it fills no batch. */
  readonly takesRest: () => boolean;
}

/** What a sweep did. */
export interface Swept {
  /** Removed, by policy in the order of the list. */
  readonly removed: readonly number[];
  /** Due, but left for a sweep that fills a batch. */
  readonly deferred: number;
  readonly faults: readonly LogFault[];
}

/** A record that is due, and by which policy. */
interface Due {
  readonly record: LogRecord;
  readonly policy: number;
}

/** Events read at a time; between two pages others have their turn. */
const pageSize = 512;

/**
 * Finds what the policies of a log let go, page by page.
 *
 * Keeps a place and an amount for each policy, so that a sweep reads what is due and little more. Amounts are counted
 * by reading the log once, after a start and after others removed events.
 */
export class Retention {
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #set: PolicySet;
  readonly #classes: readonly RetentionClass[];
  /** Up to where amounts have been counted, and how many records there were. */
  #head = 0;
  #counted = 0;
  #due = new Map<number, Due>();
  #dueBytes = 0;

  constructor(log: EventLog, clock: Clock, set: PolicySet, maxKeys: number) {
    this.#log = log;
    this.#clock = clock;
    this.#set = set;
    this.#classes = set.policies.map((policy, at) => new RetentionClass(set, at, policy, maxKeys));
  }

  /** Counts anew with the next sweep: somebody else removed events. */
  forget(): void {
    this.#head = 0;
    this.#counted = 0;
    for (const one of this.#classes) one.forget();
  }

  async sweep(options: SweepOptions): Promise<Swept> {
    const removed = this.#classes.map(() => 0);
    const faults = new Map<number, LogFault>();
    const run = { options, removed, faults };
    try {
      await this.#count();
      for (const [at, one] of this.#classes.entries()) {
        await this.#expire(run, at, one);
        if (one.keys !== undefined) await this.#compact(run, at, one, one.keys);
      }
      const left = this.#due.size;
      const takesRest = left > 0 && options.takesRest();
      if (takesRest) await this.#flush(run);
      return { removed, deferred: takesRest ? 0 : left, faults: [...faults.values()] };
    } finally {
      this.#due.clear();
      this.#dueBytes = 0;
      for (const one of this.#classes) one.revert();
    }
  }

  async #count(): Promise<void> {
    if (!this.#classes.some(({ needsCount }) => needsCount)) return;
    for (let tries = 0; tries < 2; tries += 1) {
      await this.#countNew();
      const { last, count } = await this.#log.bounds();
      // A store may trim by itself, too. Amounts that are too high would let go what should stay.
      if (last !== this.#head || count === this.#counted) return;
      this.forget();
    }
  }

  async #countNew(): Promise<void> {
    for (;;) {
      const page = await this.#log.read({ from: this.#head + 1, limit: pageSize });
      for (const record of page.records) {
        const index = this.#set.classify(record.event.type);
        if (index !== undefined) this.#classes[index]?.add(record);
      }
      this.#counted += page.records.length + page.faults.length;
      this.#head = Math.max(this.#head, page.next - 1);
      if (page.atEnd) return;
      await this.#turn();
    }
  }

  /** Takes out the oldest events of a policy, as long as one of its limits is passed. */
  async #expire(run: Run, policy: number, one: RetentionClass): Promise<void> {
    const { maxAgeMs, maxCount, maxBytes } = one.policy;
    if (Math.min(maxAgeMs, maxCount, maxBytes) === Infinity) return;
    const { floor, now } = run.options;
    for (;;) {
      const range = one.rangeBefore(floor, pageSize);
      if ((range.from ?? 1) > floor - 1) return;
      const page = await this.#log.read(range);
      for (const fault of page.faults) run.faults.set(fault.position, fault);
      for (const record of page.records) {
        if (one.holds(record) && !this.#due.has(record.position)) {
          if (!one.isDue(record, now)) {
            one.advance(record.position);
            return;
          }
          one.release(record);
          one.advance(record.position + 1);
          await this.#take(run, { record, policy });
        }
      }
      one.advance(Math.min(page.next, floor));
      if (page.atEnd) return;
      await this.#turn();
    }
  }

  /** Takes out what another event of its type and key has followed. */
  async #compact(run: Run, policy: number, one: RetentionClass, keys: LatestByKey): Promise<void> {
    const { floor } = run.options;
    for (;;) {
      const range = { from: keys.scanned + 1, to: floor - 1, limit: pageSize };
      if (range.from > range.to) break;
      const { patterns } = one.policy;
      const page = await this.#log.read(patterns === undefined ? range : { ...range, patterns });
      for (const record of page.records) {
        if (one.holds(record) && !keys.note(record)) await this.#lookUp(record, keys);
      }
      for (const fault of page.faults) run.faults.set(fault.position, fault);
      keys.advance(Math.min(page.next, floor) - 1);
      if (page.atEnd) break;
      await this.#turn();
    }
    const positions = [...keys.superseded].toSorted((a, b) => a - b);
    for (const [at, position] of positions.entries()) {
      if (this.#due.has(position)) continue;
      if (at % pageSize === pageSize - 1) await this.#turn();
      const { records } = await this.#log.read({ from: position, to: position, limit: 1 });
      const [record] = records;
      if (record === undefined) {
        keys.settle([position]);
        continue;
      }
      one.release(record);
      await this.#take(run, { record, policy });
    }
  }

  /** Finds the event before one of the same type and key, where memory has forgotten it. */
  async #lookUp({ event: { type, key = '' }, position }: LogRecord, keys: LatestByKey): Promise<void> {
    const range = { to: position - 1, key, patterns: [type], order: 'newest', limit: 1 } as const;
    for (let to = range.to; to >= 1;) {
      const page = await this.#log.read({ ...range, to });
      const [before] = page.records;
      if (before !== undefined) keys.supersede(before.position);
      if (before !== undefined || page.atEnd) return;
      to = page.next;
    }
  }

  async #take(run: Run, due: Due): Promise<void> {
    const { count, bytes } = run.options.batch;
    const { record } = due;
    // Sizes matter only where batches are bounded by them; they cost as much as to encode each event.
    const size = bytes < Infinity ? eventBytes(record) : 0;
    if (size === undefined) {
      // A log in memory takes events that no archive can.
      const { position } = record;
      run.faults.set(position, { position, reason: 'holds what no codec takes, and stays in the log' });
      this.#classes[due.policy]?.hold(record);
      this.#classes[due.policy]?.keys?.settle([position]);
      return;
    }
    this.#due.set(record.position, due);
    this.#dueBytes += size;
    if (this.#due.size >= count || this.#dueBytes >= bytes) await this.#flush(run);
  }

  async #flush({ options, removed }: Run): Promise<void> {
    const due = [...this.#due.values()].toSorted((a, b) => a.record.position - b.record.position);
    await options.remove(due.map(({ record }) => record));
    this.#counted -= due.length;
    for (const { policy } of due) removed[policy] = (removed[policy] ?? 0) + 1;
    for (const one of this.#classes) {
      one.settle();
      one.keys?.settle(this.#due.keys());
    }
    this.#due.clear();
    this.#dueBytes = 0;
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.yieldTurn(resolve);
    });
  }
}

/** A sweep under way. */
interface Run {
  readonly options: SweepOptions;
  readonly removed: number[];
  readonly faults: Map<number, LogFault>;
}
