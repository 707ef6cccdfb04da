import type { EntityDefinition, KeptState } from '../../actors/define-entity.ts';
import type { EntityRunner } from '../../actors/entity-logic.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import { EntityError } from '../../streams/event/errors.ts';
import type { EntityHome } from './entity-home.ts';
import type { EntityOutbox } from './entity-outbox.ts';
import { EntityRecords, type RecordStamp } from './entity-record.ts';
import { dueKey } from './entity-timers.ts';
import { LiveEntity } from './live-entity.ts';
import type { Snapshot, SnapshotStore, SnapshotWrite } from '../snapshot-store.ts';

/** The bucket of the records of a kind. */
export function entityBucket(kind: string): string {
  return `entity:${kind}`;
}

/** Hears of what an entity has emitted, by its record, and nobody may have published. */
export type OnUnpublished = (entity: LiveEntity) => void;

/** Brings entities out of the store, and says what is to be written of them. */
export class EntityStates {
  readonly records = new EntityRecords();
  readonly bucket: string;
  readonly timerBucket: string;
  readonly #definition: EntityDefinition;
  readonly #runner: EntityRunner;
  readonly #store: SnapshotStore;
  readonly #outbox: EntityOutbox | undefined;
  readonly #onUnpublished: OnUnpublished;

  constructor(
    definition: EntityDefinition,
    runner: EntityRunner,
    { snapshots, part, outbox }: Pick<EntityHome, 'part' | 'outbox'> & { readonly snapshots: SnapshotStore },
    onUnpublished: OnUnpublished,
  ) {
    this.#definition = definition;
    this.#runner = runner;
    this.#store = snapshots;
    this.#outbox = outbox;
    this.#onUnpublished = onUnpublished;
    this.bucket = entityBucket(definition.kind);
    this.timerBucket = `entity-timers:${definition.kind}${part}`;
  }

  /** At once where the store can. @throws or rejects with StorageError */
  read(key: string): Snapshot | undefined | Promise<Snapshot | undefined> {
    return this.#store.read(this.bucket, key);
  }

  /** Position of the last event that an entity has handled, by its record; 0 where that cannot be told. @throws StorageError */
  async positionOf(key: string): Promise<number> {
    const found = await this.read(key);
    try {
      return found === undefined ? 0 : this.records.decode(found.value).position;
    } catch {
      return 0;
    }
  }

  /**
   * The entity of a key, of its record or as one that has had no event yet.
   *
   * @throws EntityError when its version cannot be lifted, CodecError.
   */
  open(key: string, found: Snapshot | undefined): LiveEntity {
    const entity = new LiveEntity(key);
    if (found === undefined) return entity;
    const record = this.records.decode(found.value);
    entity.revision = found.revision;
    entity.position = record.position;
    entity.indexedDue = record.indexedDue;
    const value = this.#lift(key, record.version, record.value);
    entity.state = this.#runner.restore(key, value, record.timers);
    entity.kept = entity.state;
    if (record.stamp !== undefined && this.#outbox !== undefined) this.#adopt(entity, record.stamp);
    return entity;
  }

  /**
   * The writes that keep an entity as it is now: its record, unless it is left out, then the index of its timers.
   * True if the index has changed.
   *
   * @throws CodecError
   */
  write(entity: LiveEntity, now: number, into: SnapshotWrite[], record: boolean): boolean {
    const { key, indexedDue: old } = entity;
    const due = this.#dueOf(entity);
    // An index that is too early costs a look in vain; one that is kept exact, two writes for each event.
    const moves = due < old || (old <= now && due !== old);
    if (moves) entity.indexedDue = due;
    try {
      if (record)
        into.push({ bucket: this.bucket, key, value: this.encode(entity), expected: entity.revision });
    } catch (error) {
      entity.indexedDue = old;
      throw error;
    }
    if (!moves) return false;
    const bucket = this.timerBucket;
    if (old < Infinity) into.push({ bucket, key: dueKey(old, key), value: undefined });
    if (due < Infinity) into.push({ bucket, key: dueKey(due, key), value: marker });
    return true;
  }

  /** @throws CodecError, TypeError for a state that cannot be kept. */
  encode({ key, state, position, indexedDue }: LiveEntity): Uint8Array {
    if (state === undefined) throw new TypeError('an entity without a state cannot be kept');
    const { version } = this.#definition;
    const value = this.#runner.persist(state);
    const { timers } = state;
    return this.records.encode({
      version,
      position,
      indexedDue,
      value,
      timers,
      stamp: this.#outbox?.stamp(key),
    });
  }

  /** A record that shows what is kept of an entity. @throws CodecError */
  show({ kept }: LiveEntity): Uint8Array | undefined {
    if (kept === undefined) return undefined;
    const { version } = this.#definition;
    const { timers } = kept;
    const value = this.#runner.persist(kept);
    return this.records.encode({ version, position: 0, indexedDue: Infinity, value, timers });
  }

  #adopt(entity: LiveEntity, stamp: RecordStamp): void {
    const { kind } = this.#definition;
    const events = this.#outbox?.unpublished(stamp);
    if (events === undefined) {
      throw new EntityError(
        `${kind} ${entity.key} was written by an owner of epoch ${stamp.epoch}, later than this one's`,
        { kind, key: entity.key, reason: 'version' },
      );
    }
    if (events.length === 0) return;
    this.#outbox?.adopt(entity.key, { events, since: stamp.since });
    this.#onUnpublished(entity);
  }

  /** The moment of its first timer; 0 while children run, so that it is woken at once after a restart. */
  #dueOf({ state }: LiveEntity): number {
    if (state === undefined) return Infinity;
    if (this.#runner.busy(state)) return 0;
    if (state.timers.length === 0) return Infinity;
    let due = Infinity;
    for (const { at } of state.timers) if (at < due) due = at;
    return due;
  }

  #lift(key: string, from: number, value: unknown): unknown {
    const { kind, version, migrate } = this.#definition;
    if (from === version) return value;
    const fail = (why: string, cause?: unknown): never => {
      throw new EntityError(`${kind} ${key}: ${why}`, {
        kind,
        key,
        reason: 'version',
        ...(cause === undefined ? {} : { cause }),
      });
    };
    if (from > version) {
      return fail(
        `its state has version ${from}, newer than ${version}, the newest known here; upgrade this process`,
      );
    }
    let lifted = value;
    for (let at = from; at < version; at += 1) {
      const lift = Object.hasOwn(migrate, at) ? migrate[at] : undefined;
      if (lift === undefined) return fail(`migrate has no way from version ${at} to ${at + 1}`);
      try {
        lifted = lift(lifted as KeptState);
      } catch (cause) {
        return fail(`migrate from version ${at} to ${at + 1} threw: ${describeError(cause)}`, cause);
      }
      if (lifted === undefined) return fail(`migrate from version ${at} to ${at + 1} gave undefined`);
    }
    return lifted;
  }
}

/** Entries of the index say all by their keys. */
const marker = new Uint8Array([1]);
