import type { EntityState } from '../../actors/entity-logic.ts';
import type { Clock } from '../../streams/event/clock.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { EntityOutbox } from './entity-outbox.ts';
import type { EntityStates } from './entity-states.ts';
import type { EntityCommit } from './entity-store.ts';
import type { LiveEntity } from './live-entity.ts';
import type { SnapshotWrite } from '../snapshot-store.ts';
import type { Committed } from '../store.ts';
import { whenCalled } from '../when-done.ts';

export interface EntityCommitsPorts {
  readonly clock: Clock;
  readonly states: EntityStates;
  /** Whether states are written with each commit; if not, when they leave memory. */
  readonly keepsStates: boolean;
  readonly commit: (commit: EntityCommit) => Committed | Promise<Committed>;
  /** The write that keeps how far the kind has come; undefined where that is not part of a commit. */
  readonly cursorWrite: ((cursor: number, revision: number) => SnapshotWrite) | undefined;
  /** Takes what is emitted, where it is part of the records. */
  readonly outbox: EntityOutbox | undefined;
  /** A commit is kept, and with it all up to `cursor`. */
  readonly onAdvanced: (cursor: number, number: number) => void;
  /** An entity's entry in the index of timers is at that moment now. */
  readonly onIndexed: (key: string, due: number) => void;
  /** An entity is kept as it was in the commit. */
  readonly onKept: (entity: LiveEntity) => void;
  /** All inputs up to `seen` are kept. */
  readonly onReached: (seen: number) => void;
  /** A commit has ended: there is room for more. */
  readonly onCommitted: () => void;
  /** Nothing of a commit was kept; `culprit` is the entity whose state cannot be written. */
  readonly onFailed: (error: unknown, culprit: LiveEntity | undefined) => void;
}

interface Batch {
  readonly entities: readonly LiveEntity[];
  readonly states: readonly (EntityState | undefined)[];
  /** Which write is an entity's record. */
  readonly recordAt: readonly number[];
  readonly indexed: readonly LiveEntity[];
  /** Which write is the cursor's; -1 for none. */
  readonly cursorAt: number;
  readonly cursor: number;
  /** Which commit it is, where they are counted. */
  readonly number: number;
  readonly seen: number;
  readonly after: readonly (() => void)[];
}

const noEvents: readonly EventEnvelope[] = [];

/**
 * Gathers what a kind has done and keeps it in one piece: states, cursor, emitted events, timers.
 *
 * One commit is under way at a time; what is done meanwhile waits for the next, so that a slow store makes larger
 * commits rather than longer queues.
 */
export class EntityCommits {
  /** Inputs handled since the last commit was begun. */
  ahead = 0;
  /** All up to here is kept. */
  cursor = 0;
  cursorRevision = 0;
  readonly #ports: EntityCommitsPorts;
  #dirty: LiveEntity[] = [];
  #events: EventEnvelope[] = [];
  #writes: SnapshotWrite[] = [];
  #after: (() => void)[] = [];
  #inFlight: Batch | undefined;
  #settled: (() => void)[] = [];
  /** Tells a commit of before a reset from one of after. */
  #epoch = 0;

  constructor(ports: EntityCommitsPorts) {
    this.#ports = ports;
  }

  /** Whether a commit is under way, or something waits for one. */
  get pending(): boolean {
    return (
      this.#inFlight !== undefined ||
      this.#dirty.length > 0 ||
      this.#events.length > 0 ||
      this.#writes.length > 0 ||
      this.#ports.outbox?.empty === false ||
      this.#after.length > 0
    );
  }

  get inFlight(): boolean {
    return this.#inFlight !== undefined;
  }

  /** The entity has changed. */
  mark(entity: LiveEntity): void {
    if (entity.dirty) return;
    entity.dirty = true;
    this.#dirty.push(entity);
  }

  emit(entity: LiveEntity, event: EventEnvelope): void {
    const { outbox } = this.#ports;
    if (outbox === undefined) this.#events.push(event);
    else outbox.emit(entity.key, event, entity.position);
  }

  write(write: SnapshotWrite): void {
    this.#writes.push(write);
  }

  /** Calls back once what has been done so far is kept. */
  afterwards(callback: () => void): void {
    this.#after.push(callback);
  }

  /** Begins a commit, unless one is under way or there is nothing to keep. */
  flush(cursor: number, seen: number): void {
    if (this.#inFlight !== undefined) return;
    if (!this.pending) {
      this.#ports.onReached(seen);
      return;
    }
    const writes = this.#writes;
    const batch = this.#take(writes, cursor, seen);
    if (batch === undefined) return;
    const events = this.#events.length === 0 ? noEvents : this.#events;
    this.#events = [];
    this.#writes = [];
    this.#after = [];
    this.#dirty = [];
    this.ahead = 0;
    const { outbox } = this.#ports;
    this.#commit(batch, outbox === undefined ? { events, writes } : { writes, outboxes: outbox.take() });
  }

  /** Resolves when no commit is under way. */
  settled(): Promise<void> {
    if (this.#inFlight === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#settled.push(resolve);
    });
  }

  /** Forgets what was done and not kept. */
  reset(): void {
    this.#epoch += 1;
    this.#landed();
    this.#dirty = [];
    this.#events = [];
    this.#writes = [];
    this.#after = [];
    this.ahead = 0;
    this.#ports.outbox?.reset();
  }

  #take(writes: SnapshotWrite[], cursor: number, seen: number): Batch | undefined {
    const { states, keepsStates, clock, cursorWrite, outbox } = this.#ports;
    if (outbox !== undefined) outbox.number += 1;
    const entities = this.#dirty;
    const recordAt: number[] = [];
    const indexed: LiveEntity[] = [];
    const now = clock.now();
    for (const entity of entities) {
      recordAt.push(writes.length);
      try {
        if (states.write(entity, now, writes, keepsStates)) indexed.push(entity);
      } catch (error) {
        this.#ports.onFailed(error, entity);
        return undefined;
      }
    }
    let cursorAt = -1;
    if (keepsStates && cursorWrite !== undefined && cursor > this.cursor) {
      cursorAt = writes.length;
      writes.push(cursorWrite(cursor, this.cursorRevision));
    }
    for (const entity of entities) {
      entity.dirty = false;
      entity.inFlight = true;
    }
    const kept = entities.map(({ state }) => state);
    const number = outbox?.number ?? 0;
    return { entities, states: kept, recordAt, indexed, cursorAt, cursor, number, seen, after: this.#after };
  }

  #commit(batch: Batch, commit: EntityCommit): void {
    const epoch = this.#epoch;
    this.#inFlight = batch;
    const failed = (error: unknown): void => {
      if (epoch !== this.#epoch) return;
      this.#landed();
      this.#ports.onFailed(error, undefined);
    };
    whenCalled(
      () => this.#ports.commit(commit),
      (result) => {
        if (epoch === this.#epoch) this.#done(batch, result);
      },
      failed,
    );
  }

  #landed(): void {
    this.#inFlight = undefined;
    const settled = this.#settled;
    this.#settled = [];
    for (const resolve of settled) resolve();
  }

  #done(batch: Batch, { revisions }: Committed): void {
    const { keepsStates, cursorWrite, onKept, onIndexed, onReached, onCommitted } = this.#ports;
    this.#landed();
    for (const [at, entity] of batch.entities.entries()) {
      entity.inFlight = false;
      entity.kept = batch.states[at];
      if (keepsStates) entity.revision = revisions[batch.recordAt[at] ?? -1] ?? entity.revision;
      onKept(entity);
    }
    for (const { key, indexedDue } of batch.indexed) onIndexed(key, indexedDue);
    if (batch.cursorAt >= 0) {
      this.cursor = batch.cursor;
      this.cursorRevision = revisions[batch.cursorAt] ?? this.cursorRevision;
    } else if (cursorWrite === undefined) {
      this.cursor = Math.max(this.cursor, batch.cursor);
      this.#ports.onAdvanced(this.cursor, batch.number);
    }
    for (const callback of batch.after) callback();
    onReached(batch.seen);
    onCommitted();
  }
}
