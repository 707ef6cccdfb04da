import type { Clock } from '../../streams/event/clock.ts';
import { describeValue } from '../../streams/event/describe-value.ts';
import { ClosedError } from '../../streams/event/errors.ts';
import { checkOptions, type OptionNames } from '../../streams/event/check-options.ts';
import type { EventLog } from '../event-log.ts';
import type { SnapshotStore } from '../snapshot-store.ts';
import type { Commit, Committed, Store, StoreFactory, StoreHealth } from '../store.ts';
import { AppendListeners } from './append-listeners.ts';
import { MemoryRecords } from './memory-log.ts';
import { MemorySnapshots } from './memory-snapshots.ts';
import { checkMoment, checkPosition } from './resolve-range.ts';

/** What a memory store holds at most. */
export interface MemoryStoreOptions {
  /** Events that the log keeps; beyond, the oldest are trimmed. Default `1_000_000`. */
  readonly maxEvents?: number;
  /** Snapshots that are kept; beyond, writes of new keys fail with StorageError. Default `1_000_000`. */
  readonly maxSnapshots?: number;
}

const names: OptionNames<MemoryStoreOptions> = { maxEvents: true, maxSnapshots: true };

/**
 * Keeps a log and states in memory: nothing survives the process.
 *
 * An append has reached level `accepted` when it returns, which it does at once. The log keeps the newest
 * `maxEvents` events and trims older ones unasked: a reader that is further behind goes on at the first kept.
 * Events are kept as they are handed over; who changes one afterwards changes the log. Reads by key and by
 * correlation id build an index when they are first asked for, in one pass over the log.
 *
 * @throws TypeError, RangeError for options that make no sense.
 */
export function memoryStore(options: MemoryStoreOptions = {}): StoreFactory {
  checkOptions('memoryStore', options, names);
  const { maxEvents = 1_000_000, maxSnapshots = 1_000_000 } = options;
  for (const [name, value] of Object.entries({ maxEvents, maxSnapshots })) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new RangeError(`${name} must be an integer of at least 1, got ${describeValue(value)}`);
  }
  return ({ clock }) => new MemoryStore(clock, maxEvents, maxSnapshots);
}

const nothing: readonly never[] = [];

class MemoryStore implements Store {
  readonly name = 'memory';
  readonly log: EventLog;
  readonly snapshots: SnapshotStore;
  readonly #clock: Clock;
  readonly #records: MemoryRecords;
  readonly #states: MemorySnapshots;
  readonly #listeners = new AppendListeners();
  readonly #health: StoreHealth;
  #closed = false;

  constructor(clock: Clock, maxEvents: number, maxSnapshots: number) {
    this.#clock = clock;
    this.#records = new MemoryRecords(maxEvents);
    this.#states = new MemorySnapshots(maxSnapshots);
    this.#health = { state: 'ok', since: clock.now() };
    this.log = this.#makeLog();
    this.snapshots = this.#makeSnapshots();
  }

  commit({ events = nothing, writes = nothing }: Commit): Committed {
    this.#open();
    if (writes.length > 0) this.#states.check(writes);
    const revisions = writes.length > 0 ? this.#states.apply(writes) : nothing;
    if (events.length === 0) return { first: undefined, revisions, level: 'accepted' };
    const first = this.#records.bounds().last + 1;
    const appendedAt = this.#records.append(events, this.#clock.now());
    this.#listeners.tell(first, events, appendedAt);
    return { first, revisions, level: 'accepted' };
  }

  health(): StoreHealth {
    return this.#health;
  }

  onHealth(): () => void {
    // Memory never changes its health: who runs out of it runs out of the process.
    return () => {};
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #open(): void {
    if (this.#closed) throw new ClosedError('the memory store is closed; what it held is gone');
  }

  #makeLog(): EventLog {
    const records = this.#records;
    return {
      name: this.name,
      features: { level: 'accepted', durable: false, dense: true },
      append: (events) => {
        const { first } = this.commit({ events });
        return { first: first ?? records.bounds().last + 1, level: 'accepted' };
      },
      read: (range) => {
        this.#open();
        return records.read(range);
      },
      bounds: () => {
        this.#open();
        return records.bounds();
      },
      positionAt: (time) => {
        this.#open();
        checkMoment('time', time);
        return records.positionAt(time);
      },
      trim: async (before) => {
        this.#open();
        checkPosition('before', before);
        return records.trim(before);
      },
      remove: async (positions) => {
        this.#open();
        for (const position of positions) checkPosition('position', position);
        return records.remove(positions);
      },
      watch: (listener) => this.#listeners.add(listener),
    };
  }

  #makeSnapshots(): SnapshotStore {
    return {
      name: this.name,
      read: (bucket, key) => {
        this.#open();
        return this.#states.read(bucket, key);
      },
      write: (write) => {
        const [revision = 0] = this.commit({ writes: [write] }).revisions;
        return revision;
      },
      list: (bucket, options) => {
        this.#open();
        return this.#states.list(bucket, options);
      },
    };
  }
}
