const firstCapacity = 64;
const keptCapacity = 1024;

/**
 * Gives out small whole numbers and takes them back: the indexes of a table made of arrays.
 *
 * The owner sizes its arrays by `capacity`. Numbers are reused, last returned first; when all are
 * back a large table may shrink again, which the owner does when `emptied` says so.
 */
export class Slots {
  /** How many elements the owner's arrays must have. */
  capacity = firstCapacity;
  /** How many slots are in use. */
  used = 0;
  #fresh = 0;
  #free: Int32Array = new Int32Array(firstCapacity);

  /** Whether `take` needs a larger table: call `grow`, then enlarge the arrays. */
  get full(): boolean {
    return this.used === this.capacity;
  }

  /** By a half, so that a table that has grown is two thirds full at least; doubling would leave half of it unused. */
  grow(): void {
    this.capacity += this.capacity >>> 1;
    const free = new Int32Array(this.capacity);
    free.set(this.#free);
    this.#free = free;
  }

  /** A slot that nobody has. The table must not be full. */
  take(): number {
    const returned = this.#fresh - this.used;
    this.used += 1;
    if (returned > 0) return this.#free[returned - 1] as number;
    this.#fresh += 1;
    return this.#fresh - 1;
  }

  /** Takes a slot back. */
  give(slot: number): void {
    this.used -= 1;
    this.#free[this.#fresh - this.used - 1] = slot;
    if (this.used === 0) this.#fresh = 0;
  }

  /** Whether the table was large and holds nothing any more; if so it is small again, and so must its arrays be. */
  emptied(): boolean {
    if (this.used > 0 || this.capacity <= keptCapacity) return false;
    this.capacity = firstCapacity;
    this.#free = new Int32Array(firstCapacity);
    return true;
  }
}
