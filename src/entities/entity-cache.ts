import type { LiveEntity } from './live-entity.ts';

/** The entities in memory, in the order of their last use. All operations are O(1). */
export class EntityCache {
  readonly #entities = new Map<string, LiveEntity>();
  #newest: LiveEntity | undefined;
  #oldest: LiveEntity | undefined;

  get size(): number {
    return this.#entities.size;
  }

  get(key: string): LiveEntity | undefined {
    return this.#entities.get(key);
  }

  /** All of them now. */
  list(): LiveEntity[] {
    return [...this.#entities.values()];
  }

  /** The one that was used longest ago. */
  get oldest(): LiveEntity | undefined {
    return this.#oldest;
  }

  add(entity: LiveEntity, now: number): void {
    this.#entities.set(entity.key, entity);
    entity.usedAt = now;
    this.#link(entity);
  }

  /** It is used now. */
  touch(entity: LiveEntity, now: number): void {
    entity.usedAt = now;
    if (entity === this.#newest) return;
    this.#unlink(entity);
    this.#link(entity);
  }

  remove(entity: LiveEntity): void {
    if (!this.#entities.delete(entity.key)) return;
    this.#unlink(entity);
    entity.newer = undefined;
    entity.older = undefined;
  }

  #link(entity: LiveEntity): void {
    entity.older = this.#newest;
    entity.newer = undefined;
    if (this.#newest !== undefined) this.#newest.newer = entity;
    this.#newest = entity;
    this.#oldest ??= entity;
  }

  #unlink(entity: LiveEntity): void {
    const { newer, older } = entity;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
  }
}
