import type { EntityRunner } from '../../actors/entity-logic.ts';
import { EntityCache } from './entity-cache.ts';
import type { EntityStates } from './entity-states.ts';
import type { LiveEntity } from './live-entity.ts';
import type { Snapshot } from '../snapshot-store.ts';
import { whenDone } from '../when-done.ts';

/** Keys that are read at once. */
const mostReads = 1_024;

export interface EntityRoomPorts {
  readonly runner: EntityRunner;
  readonly states: EntityStates;
  /** Whether a key stands still: the children of such an entity stay as they are. */
  readonly stands: (key: string) => boolean;
  /** Keeps an entity that leaves, where that is not done with each commit. False: it has to stay. */
  readonly leave: (entity: LiveEntity) => boolean;
}

/** What looking for an entity gives: it, why it cannot be opened, or that it is being read. */
export type Found = LiveEntity | { readonly broken: unknown } | 'reading';

/** Brings entities into memory and lets them go. */
export class EntityRoom {
  activations = 0;
  passivations = 0;
  readonly cache = new EntityCache();
  readonly #ports: EntityRoomPorts;
  /** Why keys that were read could not be opened, until somebody asks. */
  readonly #broken = new Map<string, unknown>();
  #epoch = 0;

  constructor(ports: EntityRoomPorts) {
    this.#ports = ports;
  }

  /**
   * The entity of a key. `'reading'`: the store takes its time; `keys` says which others are wanted soon, and
   * `onRead` hears when all of them are there. @throws StorageError
   */
  find(key: string, now: number, keys: () => Iterable<string>, onRead: (error?: unknown) => void): Found {
    const active = this.cache.get(key);
    if (active !== undefined) {
      this.cache.touch(active, now);
      return active;
    }
    if (this.#broken.has(key)) {
      const broken = this.#broken.get(key);
      this.#broken.delete(key);
      return { broken };
    }
    const found = this.#ports.states.read(key);
    if (!(found instanceof Promise)) return this.#install(key, found, now);
    this.#readAhead(new Map([[key, found]]), now, keys(), onRead);
    return 'reading';
  }

  /** The entity of a key, for those who can wait. @throws EntityError, CodecError, StorageError */
  async open(key: string, now: number): Promise<LiveEntity> {
    const active = this.cache.get(key);
    if (active !== undefined) return active;
    const read = await this.#ports.states.read(key);
    // The engine may have been faster.
    const found = this.cache.get(key) ?? this.#install(key, read, now);
    if ('broken' in found) throw found.broken;
    return found;
  }

  /** Lets go of the oldest beyond `most`, and of those not used since then. Returns at the first that may stay. */
  passivate(unusedSince: number, most: number): void {
    let entity = this.cache.oldest;
    for (let looks = this.cache.size; entity !== undefined && looks > 0; looks -= 1) {
      if (this.cache.size <= most && entity.usedAt >= unusedSince) return;
      const next = entity.newer;
      if (!this.#busy(entity) && this.#ports.leave(entity)) {
        this.drop(entity);
        this.passivations += 1;
      }
      entity = next;
    }
  }

  /** Lets go of the oldest beyond `most`. Costs nothing while there are no more. */
  limit(most: number): void {
    if (this.cache.size > most) this.passivate(-Infinity, most);
  }

  /** Its children go on, if they stood still. */
  wake({ state }: LiveEntity): void {
    if (state !== undefined) this.#ports.runner.wake(state);
  }

  drop(entity: LiveEntity): void {
    this.cache.remove(entity);
    if (entity.state !== undefined) this.#ports.runner.sleep(entity.state);
  }

  /** Drops those that hold what is not kept, and forgets what is being read. */
  reset(): void {
    this.#epoch += 1;
    this.#broken.clear();
    for (const entity of this.cache.list()) if (entity.pinned) this.drop(entity);
  }

  clear(): void {
    this.#epoch += 1;
    for (const entity of this.cache.list()) this.drop(entity);
  }

  #busy(entity: LiveEntity): boolean {
    return entity.pinned || (entity.state !== undefined && this.#ports.runner.busy(entity.state));
  }

  #install(key: string, found: Snapshot | undefined, now: number): LiveEntity | { readonly broken: unknown } {
    try {
      const entity = this.#ports.states.open(key, found);
      this.cache.add(entity, now);
      this.activations += 1;
      if (!this.#ports.stands(key)) this.wake(entity);
      return entity;
    } catch (broken) {
      return { broken };
    }
  }

  #readAhead(
    reads: Map<string, Promise<Snapshot | undefined>>,
    now: number,
    keys: Iterable<string>,
    onRead: (error?: unknown) => void,
  ): void {
    for (const key of keys) {
      if (reads.size >= mostReads) break;
      if (reads.has(key) || this.#broken.has(key) || this.cache.get(key) !== undefined) continue;
      const read = this.#ports.states.read(key);
      if (read instanceof Promise) reads.set(key, read);
    }
    const epoch = this.#epoch;
    whenDone(
      Promise.all(reads.values()),
      (snapshots) => {
        if (epoch !== this.#epoch) return;
        for (const [at, key] of [...reads.keys()].entries()) {
          if (this.cache.get(key) !== undefined) continue;
          const found = this.#install(key, snapshots[at], now);
          if ('broken' in found) this.#broken.set(key, found.broken);
        }
        onRead();
      },
      (error) => {
        if (epoch === this.#epoch) onRead(error);
      },
    );
  }
}
