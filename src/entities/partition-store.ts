import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { ConflictError } from '../../streams/event/errors.ts';
import type { SnapshotStore, SnapshotWrite } from '../snapshot-store.ts';
import type { Committed } from '../store.ts';
import type { EmittedEvents, EntityCommit, EntityStore } from './entity-store.ts';

const none: ReadonlySet<string> = new Set();

export interface PartitionStorePorts {
  readonly name: string;
  readonly snapshots: SnapshotStore;
  /** Whether the partition is this process's at this instant. */
  readonly holds: () => boolean;
  readonly publish: (event: EventEnvelope) => Promise<void>;
  /** The ids of those that are stored behind a position. */
  readonly storedSince: (events: readonly EventEnvelope[], position: number) => Promise<ReadonlySet<string>>;
  /** Keeps that what the commit under way has emitted is published. */
  readonly published: () => Promise<void>;
}

/**
 * Keeps the entities of one partition where several processes may write, each by a compare-and-set of its own.
 *
 *     fence ─► entries are added ─► records ─► what they hold is published ─► entries are removed
 *
 * An entry of the index of timers, or among the parked, is there before the record that needs it, and goes after the one that
 * does not. So whatever becomes of the process on the way, the next owner meets each record that was written and
 * not published: by an event behind the place that is kept, or by an entry.
 */
export class PartitionStore implements EntityStore {
  readonly snapshots: SnapshotStore;
  readonly #ports: PartitionStorePorts;

  constructor(ports: PartitionStorePorts) {
    this.snapshots = ports.snapshots;
    this.#ports = ports;
  }

  async commit({ writes = [], outboxes = [] }: EntityCommit): Promise<Committed> {
    const revisions: number[] = [];
    revisions.length = writes.length;
    const write = async (wanted: (write: SnapshotWrite) => boolean): Promise<void> => {
      const made: Promise<void>[] = [];
      for (const [at, one] of writes.entries()) if (wanted(one)) made.push(this.#put(one, at, revisions));
      if (made.length > 0) await allOf(made);
    };
    this.#fence();
    await write(({ value, expected }) => value !== undefined && expected === undefined);
    this.#fence();
    await write(({ expected }) => expected !== undefined);
    if (outboxes.length > 0) await allOf(outboxes.map((emitted) => this.#publish(emitted)));
    const removes = ({ value }: SnapshotWrite): boolean => value === undefined;
    if (writes.some(removes)) {
      // Else nobody would look at the record before its entity is needed again, and publish then what was.
      if (outboxes.length > 0) await this.#ports.published();
      this.#fence();
      await write(removes);
    }
    return { first: undefined, revisions, level: 'accepted' };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #put(write: SnapshotWrite, at: number, revisions: number[]): Promise<void> {
    revisions[at] = await this.snapshots.write(write);
  }

  /** One after the other: what an entity has emitted is stored in its order. */
  async #publish({ events, since }: EmittedEvents): Promise<void> {
    const { publish, storedSince } = this.#ports;
    const stored = since === undefined ? none : await storedSince(events, since);
    for (const event of events) if (!stored.has(event.id)) await publish(event);
  }

  #fence(): void {
    const { holds, name } = this.#ports;
    if (!holds()) throw new ConflictError(`${name} belongs to another process by now; nothing more is kept`);
  }
}

/** Waits for all of them also when one fails: nothing may be under way when it is tried again. */
async function allOf(promises: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises))
    if (result.status === 'rejected') throw result.reason;
}
