import type { Clock } from '../../streams/event/clock.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { ClosedError } from '../../streams/event/errors.ts';
import type { Appended, EventLog, LogBounds } from '../event-log.ts';
import type { SnapshotStore } from '../snapshot-store.ts';
import type { Commit, Committed, Store, StoreFactory, StoreHealth } from '../store.ts';
import { AppendListeners } from './append-listeners.ts';
import type { CommitFailure } from './lmdb-commit.ts';
import type { Head } from './lmdb-head.ts';
import { IndexState } from './lmdb-index-state.ts';
import { type OpenFiles, openFiles } from './lmdb-open.ts';
import { type LmdbStoreOptions, resolveLmdbOptions } from './lmdb-options.ts';
import { type Committed as Readable, LogReader } from './lmdb-reader.ts';
import { prepareWrite, SnapshotReader } from './lmdb-snapshots.ts';
import { Upkeep } from './lmdb-upkeep.ts';
import { LmdbWriter } from './lmdb-writer.ts';
import { checkMoment, checkPosition } from './resolve-range.ts';

/**
 * Keeps a log and states on disk, in one file of LMDB: nothing that was acknowledged is lost.
 *
 * With `sync: 'group'`, the default, what an append resolved for survives `kill -9` and a loss of power. All that
 * is appended while a transaction is on its way to the disk shares the next one. Every block of events and every
 * snapshot carries a checksum: damage is a fault or a StorageError, never a wrong value. One process at a time:
 * a second one is refused by the name of the first. Needs the package `lmdb`. The file does not shrink: room that
 * a trim frees is used again.
 *
 * @throws StorageError when the folder cannot be used, is in use, or its files are damaged; TypeError, RangeError
 * for options that make no sense.
 */
export function lmdbStore(options: LmdbStoreOptions): StoreFactory {
  const resolved = resolveLmdbOptions(options);
  return ({ clock }) => new LmdbStore(resolved, clock, openFiles(resolved.path, resolved.sync));
}

const nothing: readonly never[] = [];

/** How far the witness may lag behind while events are appended: writing it each time would cost a fifth of a commit. */
const witnessIntervalMs = 50;

class LmdbStore implements Store {
  readonly name = 'lmdb';
  readonly log: EventLog;
  readonly snapshots: SnapshotStore;
  readonly #path: string;
  readonly #sync: Required<LmdbStoreOptions>['sync'];
  readonly #clock: Clock;
  readonly #files: OpenFiles;
  readonly #reader: LogReader;
  readonly #states: SnapshotReader;
  readonly #index: IndexState;
  readonly #upkeep: Upkeep;
  readonly #writer: LmdbWriter;
  readonly #appends = new AppendListeners();
  readonly #healthListeners = new Set<{ readonly hear: (health: StoreHealth) => void }>();
  #health: StoreHealth;
  #first: number | undefined;
  #closing: Promise<void> | undefined;
  #flushing = false;
  #witnessedAt = -Infinity;

  constructor({ path, sync, maxBytes }: Required<LmdbStoreOptions>, clock: Clock, files: OpenFiles) {
    const { databases, head } = files;
    this.#path = path;
    this.#sync = sync;
    this.#clock = clock;
    this.#files = files;
    this.#health = { state: 'ok', since: clock.now() };
    this.#reader = new LogReader(databases.log, databases.index);
    this.#states = new SnapshotReader(databases, path);
    this.#index = new IndexState(databases, this.#reader.blocks);
    this.#upkeep = new Upkeep(databases, this.#reader.blocks);
    this.#writer = new LmdbWriter(
      {
        databases,
        snapshots: this.#states,
        index: this.#index,
        clock,
        path,
        sync,
        maxBytes,
        onWritten: (written) => this.#written(written),
        onAppended: (first, events, appendedAt) => this.#appends.tell(first, events, appendedAt),
        onFailure: (failure) => this.#failed(failure),
      },
      head,
    );
    this.log = this.#makeLog();
    this.snapshots = this.#makeSnapshots();
  }

  commit({ events = nothing, writes = nothing }: Commit): Promise<Committed> {
    this.#open();
    return this.#writer.commit(events, writes.length === 0 ? nothing : writes.map(prepareWrite));
  }

  health(): StoreHealth {
    return this.#health;
  }

  onHealth(hear: (health: StoreHealth) => void): () => void {
    const entry = { hear };
    this.#healthListeners.add(entry);
    return () => {
      this.#healthListeners.delete(entry);
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { databases, witness, lock } = this.#files;
    await this.#writer.close();
    const isFlushed = await this.#flushed();
    await databases.root.close();
    if (isFlushed) witness.record(this.#writer.head.last);
    witness.close();
    // A lock that stays makes the next owner look closer.
    if (isFlushed) lock.release();
  }

  #open(): void {
    if (this.#closing !== undefined) throw new ClosedError(`the store at ${this.#path} is closed`);
  }

  #written(head: Head): void {
    this.#first = undefined;
    this.#setHealth('ok');
    const now = this.#clock.monotonic();
    if (now - this.#witnessedAt < witnessIntervalMs) return;
    this.#witnessedAt = now;
    if (this.#sync !== 'os') this.#files.witness.record(head.last);
    else if (!this.#flushing) void this.#witnessFlush(head);
  }

  /** Records, once they are flushed, the events that were not when they were acknowledged. */
  async #witnessFlush({ last }: Head): Promise<void> {
    this.#flushing = true;
    const isFlushed = await this.#flushed();
    this.#flushing = false;
    if (!isFlushed)
      this.#setHealth('failed', `what was written to ${this.#path} could not be flushed to its disk`);
    else if (this.#closing === undefined) this.#files.witness.record(last);
  }

  async #flushed(): Promise<boolean> {
    try {
      if (this.#sync === 'os') await this.#files.databases.root.flushed;
      return true;
    } catch {
      return false;
    }
  }

  #failed({ error, head }: CommitFailure): Head {
    this.#first = undefined;
    this.#reader.blocks.forget();
    this.#setHealth('failed', error.message);
    return head ?? this.#writer.head;
  }

  #setHealth(state: StoreHealth['state'], reason?: string): void {
    if (state === this.#health.state) return;
    const since = this.#clock.now();
    this.#health = reason === undefined ? { state, since } : { state, reason, since };
    for (const { hear } of this.#healthListeners) hear(this.#health);
  }

  /** What readers see: all that has been written, and no more. */
  #readable(): Readable {
    const { last } = this.#writer.head;
    return {
      first: this.#bounds().first,
      last,
      openSegments: this.#index.segments(last),
      types: this.#index.types(last),
    };
  }

  #bounds(): LogBounds {
    const { last, count } = this.#writer.head;
    this.#first ??= this.#reader.blocks.firstKey() ?? last + 1;
    return { first: Math.min(this.#first, last + 1), last, count };
  }

  #append(events: readonly EventEnvelope[]): Promise<Appended> {
    // What was committed says where its events stand, if there were any.
    if (events.length > 0) return this.#writer.commit(events, nothing) as Promise<Appended>;
    return Promise.resolve({ first: this.#writer.head.last + 1, level: this.#writer.level });
  }

  #makeLog(): EventLog {
    const level = this.#writer.level;
    return {
      name: this.name,
      features: { level, durable: true, dense: true },
      append: (events) => {
        this.#open();
        return this.#append(events);
      },
      read: (range) => {
        this.#open();
        return this.#reader.read(range, this.#readable());
      },
      bounds: () => {
        this.#open();
        return this.#bounds();
      },
      positionAt: (time) => {
        this.#open();
        checkMoment('time', time);
        return this.#reader.positionAt(time, this.#readable());
      },
      trim: async (before) => {
        this.#open();
        checkPosition('before', before);
        return this.#writer.upkeep((head) => this.#upkeep.trim(before, head));
      },
      remove: async (positions) => {
        this.#open();
        for (const position of positions) checkPosition('position', position);
        const left = [...new Set(positions)].toSorted((a, b) => a - b);
        return this.#writer.upkeep((head) => this.#upkeep.remove(left, head));
      },
      watch: (listener) => this.#appends.add(listener),
    };
  }

  #makeSnapshots(): SnapshotStore {
    return {
      name: this.name,
      read: (bucket, key) => {
        this.#open();
        return this.#states.read(bucket, key);
      },
      write: async (write) => {
        const { revisions } = await this.commit({ writes: [write] });
        return revisions[0] ?? 0;
      },
      list: (bucket, options) => {
        this.#open();
        return this.#states.list(bucket, options);
      },
    };
  }
}
