import type { LogRecord } from '../event-log.ts';

/**
 * Which event of each type and key is the last, and which have been followed by another.
 *
 * Remembers `maxKeys` of them; beyond, the one that changed longest ago is forgotten, and its last event has to be
 * looked up in the log.
 */
export class LatestByKey {
  readonly #maxKeys: number;
  /** Oldest change first: a key that changes is taken out and put in anew. */
  readonly #latest = new Map<string, number>();
  readonly #superseded = new Set<number>();
  #scanned = 0;
  #forgets = false;

  constructor(maxKeys: number) {
    this.#maxKeys = maxKeys;
  }

  /** Up to where the log has been read. */
  get scanned(): number {
    return this.#scanned;
  }

  /** Positions of events that have been followed by another, and have not been removed. */
  get superseded(): ReadonlySet<number> {
    return this.#superseded;
  }

  /** Takes note of an event. Gives false when its key is not known, though it may have been forgotten. */
  note({ event: { type, key }, position }: LogRecord): boolean {
    if (key === undefined) return true;
    // A type holds no space, so that no two pairs make one name.
    const name = `${type} ${key}`;
    const before = this.#latest.get(name);
    if (before !== undefined) {
      this.supersede(before);
      this.#latest.delete(name);
    } else if (this.#latest.size >= this.#maxKeys) this.#forgetOldest();
    this.#latest.set(name, position);
    return before !== undefined || !this.#forgets;
  }

  /** Takes note that the event at a position has been followed by another. */
  supersede(position: number): void {
    this.#superseded.add(position);
  }

  advance(position: number): void {
    this.#scanned = Math.max(this.#scanned, position);
  }

  settle(positions: Iterable<number>): void {
    for (const position of positions) this.#superseded.delete(position);
  }

  clear(): void {
    this.#latest.clear();
    this.#superseded.clear();
    this.#scanned = 0;
    this.#forgets = false;
  }

  #forgetOldest(): void {
    for (const name of this.#latest.keys()) {
      this.#latest.delete(name);
      this.#forgets = true;
      return;
    }
  }
}
