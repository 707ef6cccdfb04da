import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { SnapshotStore } from '../snapshot-store.ts';
import type { Commit, Committed } from '../store.ts';

/** What one entity has emitted, in order. */
export interface EmittedEvents {
  readonly events: readonly EventEnvelope[];
  /** Some of them may be stored already: then behind this position. */
  readonly since: number | undefined;
}

/** What a kind has done since its last commit. */
export interface EntityCommit extends Commit {
  /** What each entity has emitted, where that is part of its record; `events` is empty then. */
  readonly outboxes?: readonly EmittedEvents[];
}

/**
 * Where the entities of a kind are kept.
 *
 * Obligations. What `commit` resolved for is kept. One that fails, or during which the process dies, has kept the
 * records of some entities and of others not, each whole, with what it has emitted: whoever goes on reads the
 * records, and what is emitted of them reaches the log once.
 */
export interface EntityStore {
  readonly snapshots: SnapshotStore;
  /** @throws ConflictError, StorageError, ClosedError */
  commit(commit: EntityCommit): Committed | Promise<Committed>;
  close(): Promise<void>;
}
