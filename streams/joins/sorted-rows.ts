/** A value of one side of a join that waits for the other side. */
export interface Row<T> {
  readonly value: T;
  readonly time: number;
  /** Whether it has been part of a result. */
  matched: boolean;
}

/** Below this many taken slots, moving the rest down would cost more than the slots. */
const keptSlots = 64;

/**
 * The rows of one key and side, in the order of their time; rows of one time in the order they came.
 *
 * Adding in order and taking the first are O(1), adding out of order O(rows after it), finding O(log n).
 */
export class SortedRows<T> {
  readonly #rows: (Row<T> | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#rows.length - this.#head;
  }

  /** The row at `index`, counted from the first. */
  at(index: number): Row<T> | undefined {
    return this.#rows[this.#head + index];
  }

  add(row: Row<T>): void {
    const rows = this.#rows;
    const last = rows.at(-1);
    if (last === undefined || last.time <= row.time) rows.push(row);
    else rows.splice(this.#head + this.countUpTo(row.time), 0, row);
  }

  /** How many rows have at most this time. */
  countUpTo(time: number): number {
    return this.#count((row) => row.time <= time);
  }

  /** How many rows have less than this time. */
  countBelow(time: number): number {
    return this.#count((row) => row.time < time);
  }

  /** Removes the first row. */
  shift(): Row<T> | undefined {
    const row = this.#rows[this.#head];
    if (row === undefined) return undefined;
    this.#rows[this.#head] = undefined;
    this.#head += 1;
    if (
      this.#head === this.#rows.length ||
      (this.#head >= keptSlots && this.#head * 2 >= this.#rows.length)
    ) {
      this.#rows.splice(0, this.#head);
      this.#head = 0;
    }
    return row;
  }

  /** How many rows, from the first, are as `isBefore` says; none after the first that is not. */
  #count(isBefore: (row: Row<T>) => boolean): number {
    let [low, high] = [this.#head, this.#rows.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.#rows[middle] as Row<T>)) low = middle + 1;
      else high = middle;
    }
    return low - this.#head;
  }
}
