import type { EntityDefinition } from '../../actors/define-entity.ts';
import { EntityError } from '../../streams/event/errors.ts';
import { EntityRecords } from './entity-record.ts';
import type { SnapshotStore, SnapshotWrite } from '../snapshot-store.ts';
import type { Store } from '../store.ts';
import { decodeCursor, encodeCursor } from '../transport/cursor-codec.ts';
import { cursorBucket } from '../transport/cursor-writer.ts';

/** Where the versions of kinds are kept. */
const versionBucket = 'entities';

/** Where a kind has come to in the log. */
export interface KindPlace {
  readonly cursor: number;
  readonly revision: number;
}

/** Says how far a kind, or one partition of it, has come, and where it goes on. */
export interface KindPlaces {
  /** Refuses entities of a newer version than the definition's. @throws EntityError, StorageError */
  checkVersion(): Promise<void>;
  /** @throws ConflictError, StorageError */
  find(from: 'start' | 'now'): Promise<KindPlace>;
}

/** Refuses entities of a newer version than the definition's. @throws EntityError, StorageError */
export async function checkKindVersion(
  { kind, version }: EntityDefinition,
  snapshots: SnapshotStore,
): Promise<void> {
  const records = new EntityRecords();
  const found = await snapshots.read(versionBucket, kind);
  const kept = found === undefined ? 0 : records.decodeVersion(found.value);
  if (kept === version) return;
  if (kept > version) {
    throw new EntityError(
      `entities of ${kind} have been kept in version ${kept}, newer than ${version}, the newest known here; ` +
        'upgrade this process, or raise version and give migrate',
      { kind, reason: 'version' },
    );
  }
  await snapshots.write({ bucket: versionBucket, key: kind, value: records.encodeVersion(version) });
}

/**
 * Keeps how far a kind has come, under its subscriber's name among the places of the log's subscribers: what clears
 * the log leaves what the kind still needs.
 */
export class EntityPlace implements KindPlaces {
  readonly #definition: EntityDefinition;
  readonly #store: Store;
  readonly #name: string;

  constructor(definition: EntityDefinition, store: Store, name: string) {
    this.#definition = definition;
    this.#store = store;
    this.#name = name;
  }

  checkVersion(): Promise<void> {
    return checkKindVersion(this.#definition, this.#store.snapshots);
  }

  /** @throws StorageError */
  async find(from: 'start' | 'now'): Promise<KindPlace> {
    const found = await this.#store.snapshots.read(cursorBucket, this.#name);
    if (found !== undefined) {
      return { cursor: decodeCursor(this.#name, found.value).position, revision: found.revision };
    }
    const { last } = await this.#store.log.bounds();
    const cursor = from === 'now' ? last : 0;
    // A place of its own from the start: nothing that it needs may be cleared before its first commit.
    const [revision = 0] = (await this.#store.commit({ writes: [this.write(cursor, 0)] })).revisions;
    return { cursor, revision };
  }

  write(position: number, expected: number): SnapshotWrite {
    const value = encodeCursor({ position, open: [], ahead: [] });
    return { bucket: cursorBucket, key: this.#name, value, expected };
  }
}
