import type { Clock } from '../streams/event/clock.ts';
import type { EventEnvelope } from '../streams/event/envelope.ts';
import type { Random } from '../streams/event/random.ts';
import type { EventLog } from './event-log.ts';
import type { SnapshotStore, SnapshotWrite } from './snapshot-store.ts';
import type { PublishLevel } from './publish-level.ts';

/** Events and states that belong together. */
export interface Commit {
  /** Appended to the log, in this order. */
  readonly events?: readonly EventEnvelope[];
  readonly writes?: readonly SnapshotWrite[];
}

/** What a commit reached. */
export interface Committed {
  /** Position of the first event; the others follow it. Undefined when there were none. */
  readonly first: number | undefined;
  /** New revision of each write, in their order. */
  readonly revisions: readonly number[];
  readonly level: PublishLevel;
}

/** Whether a store keeps what it is given. */
export interface StoreHealth {
  /** `failed`: writes are refused, reads may work. */
  readonly state: 'ok' | 'failed';
  /** Why it failed. */
  readonly reason?: string;
  /** Milliseconds since the epoch of the last change of state. */
  readonly since: number;
}

/**
 * A log and states in one place, written in one transaction.
 *
 * Obligations. `commit` is all or nothing, also after a crash, and fails with `ConflictError` when one `expected`
 * does not hold. Commits take place in the order of the calls, those of `log.append` and `snapshots.write` among
 * them. `onHealth` hears of each change of health; after a failure the store tries again with the next write.
 */
export interface Store {
  readonly name: string;
  readonly log: EventLog;
  readonly snapshots: SnapshotStore;
  /** @throws ConflictError, StorageError, ClosedError */
  commit(commit: Commit): Committed | Promise<Committed>;
  health(): StoreHealth;
  /** Gives the function that ends it. */
  onHealth(listener: (health: StoreHealth) => void): () => void;
  /**
   * Of stores that remove old events by themselves, as `maintain` makes them: they ask for the lowest position that is
   * still needed before they do, and keep all from there on. Gives the function that ends it.
   */
  protect?(lowestNeeded: () => number | Promise<number>): () => void;
  /** Writes what is under way and lets go of all files. Idempotent. */
  close(): Promise<void>;
}

/** What a store is given by its bus. */
export interface StorePorts {
  readonly clock: Clock;
  readonly random: Random;
}

/** Opens the store of one bus: `memoryStore()`, `lmdbStore()` give one. @throws StorageError */
export type StoreFactory = (ports: StorePorts) => Store;
