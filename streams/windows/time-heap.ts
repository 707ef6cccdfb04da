/** An entry of a {@link TimeHeap}. */
interface Entry<V> {
  readonly time: number;
  /** Order of coming, which decides among equal times. */
  readonly order: number;
  readonly value: V;
}

/**
 * A queue by time: the earliest comes out first, of one time the first that went in.
 *
 * A binary heap. Going in costs O(1) for what comes in order, O(log n) else; coming out O(log n).
 */
export class TimeHeap<V> {
  readonly #entries: Entry<V>[] = [];
  #order = 0;

  get size(): number {
    return this.#entries.length;
  }

  /** The earliest time; `Infinity` when it is empty. */
  get nextTime(): number {
    return this.#entries[0]?.time ?? Infinity;
  }

  peek(): V | undefined {
    return this.#entries[0]?.value;
  }

  push(time: number, value: V): void {
    const entries = this.#entries;
    const entry = { time, order: this.#order, value };
    this.#order += 1;
    let at = entries.length;
    entries.push(entry);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = entries[up];
      if (parent === undefined || !isBefore(entry, parent)) break;
      entries[at] = parent;
      at = up;
    }
    entries[at] = entry;
  }

  pop(): V | undefined {
    const entries = this.#entries;
    const top = entries[0];
    const last = entries.pop();
    if (top === undefined || last === undefined) return undefined;
    if (entries.length > 0) this.#sink(last);
    return top.value;
  }

  /** Puts `entry` where the top was. */
  #sink(entry: Entry<V>): void {
    const entries = this.#entries;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      let child = entries[down];
      if (child === undefined) break;
      const right = entries[down + 1];
      if (right !== undefined && isBefore(right, child)) {
        down += 1;
        child = right;
      }
      if (!isBefore(child, entry)) break;
      entries[at] = child;
      at = down;
    }
    entries[at] = entry;
  }
}

function isBefore(a: Entry<unknown>, b: Entry<unknown>): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}
