/** A queue without a bound of its own: its owner has one. O(1) amortised, and any item by its place. */
export class Fifo<V> {
  #items: (V | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** The item that is `place` places behind the oldest. */
  at(place: number): V | undefined {
    return this.#items[this.#head + place];
  }

  push(item: V): void {
    this.#items.push(item);
  }

  shift(): V | undefined {
    const item = this.#items[this.#head];
    if (this.#head === this.#items.length) return undefined;
    this.#items[this.#head] = undefined;
    this.#head += 1;
    // Half of it is gone: moving the rest costs as much as what was taken since it was moved last.
    if (this.#head >= 32 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
