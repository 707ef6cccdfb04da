import type { ParkedKey } from './entity-parking.ts';

/**
 * What a host does. `starting`: it reads where it was. `running`. `paused`: by hand. `failing`: the store does not keep what it is
 * given; it tries again. `failed`: it cannot start, see `failure`. `stopped`.
 */
export type EntityHostState = 'starting' | 'running' | 'paused' | 'failing' | 'failed' | 'stopped';

/** The figures of a host, since it was hosted. */
export interface EntityHostStats {
  readonly state: EntityHostState;
  /** Entities in memory. */
  readonly active: number;
  /** Brought into memory, and let go of. */
  readonly activations: number;
  readonly passivations: number;
  /** Events handled. */
  readonly handled: number;
  /** Events that came again after they had been handled, and were left out. */
  readonly duplicates: number;
  /** Events that machines have emitted. */
  readonly emitted: number;
  readonly timersFired: number;
  readonly failedAttempts: number;
  /** Entities that wait for a retry. */
  readonly retrying: number;
  /** Keys that stand still behind an event that was given up, and the events of theirs that wait. */
  readonly parkedKeys: number;
  readonly parkedEvents: number;
  /** How far it is behind: events that wait in memory, and positions of the log known of that are not read yet. */
  readonly lag: number;
  /** All events up to this position of the log are handled, or parked; 0 where there is no log. */
  readonly position: number;
  /** How many partitions of its keys are this process's now; absent where one process has all keys. */
  readonly partitions?: number;
}

/** The figures of a kind, as the bus shows them. */
export interface EntityKindStats extends EntityHostStats {
  readonly kind: string;
}

/** The entities of one kind at work, made by `bus.host`. All functions may be taken off it and called alone. */
export interface EntityHost {
  readonly kind: string;
  readonly state: EntityHostState;
  /** Why it has failed. */
  readonly failure: unknown;
  /** Resolves when it has found where it was; rejects when it cannot start. */
  readonly ready: Promise<void>;
  stats(this: void): EntityHostStats;
  /** Handles nothing until `resume`. Events stay in the log; without one, their publishers wait in the end. */
  pause(this: void): void;
  resume(this: void): void;
  /** The keys that stand still. */
  parked(this: void): readonly ParkedKey[];
  /**
   * Lets a parked key go on without the event that was given up, which stays in the dead letters. To try that event
   * again, requeue it there. Resolves to false for a key that is not parked.
   */
  release(this: void, key: string): Promise<boolean>;
  /** Commits what was done and lets go of all entities. Idempotent; resolves when all is kept. */
  stop(this: void): Promise<void>;
}

/** What an entity was asked may take so long. */
export interface AskOptions {
  /** Milliseconds. Default `30_000`. */
  readonly timeoutMs?: number;
}
