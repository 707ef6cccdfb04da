/** Below this many slots an emptied ring keeps its memory: giving it back would cost more than it saves. */
const keptSlots = 1024;
const firstSlots = 16;

/**
 * A double-ended queue in a ring of slots that doubles when full.
 *
 *     slots   . . c d e f . .      head = 2, size = 4; index = (head + i) & mask
 *
 * Every operation is O(1) amortised. A slot is cleared when its item leaves, so the ring keeps nothing
 * alive, and a large ring that runs empty gives its memory back. Items may be anything but `undefined`.
 */
export class RingBuffer<T> {
  #slots: (T | undefined)[] = emptySlots(firstSlots);
  #mask = firstSlots - 1;
  #head = 0;
  #size = 0;

  /** How many items it holds. */
  get size(): number {
    return this.#size;
  }

  /** Adds `item` after all others. */
  pushBack(item: T): void {
    if (this.#size > this.#mask) this.#grow();
    this.#slots[(this.#head + this.#size) & this.#mask] = item;
    this.#size += 1;
  }

  /** Adds `item` before all others. */
  pushFront(item: T): void {
    if (this.#size > this.#mask) this.#grow();
    this.#head = (this.#head - 1) & this.#mask;
    this.#slots[this.#head] = item;
    this.#size += 1;
  }

  /** Removes and returns the first item. */
  popFront(): T | undefined {
    if (this.#size === 0) return undefined;
    const head = this.#head;
    const item = this.#slots[head];
    this.#slots[head] = undefined;
    this.#head = (head + 1) & this.#mask;
    this.#size -= 1;
    if (this.#size === 0 && this.#mask >= keptSlots) this.clear();
    return item;
  }

  /** Removes and returns the last item. */
  popBack(): T | undefined {
    if (this.#size === 0) return undefined;
    this.#size -= 1;
    const tail = (this.#head + this.#size) & this.#mask;
    const item = this.#slots[tail];
    this.#slots[tail] = undefined;
    if (this.#size === 0 && this.#mask >= keptSlots) this.clear();
    return item;
  }

  /** The first item, which stays. */
  peekFront(): T | undefined {
    return this.#slots[this.#head];
  }

  /** Forgets all items and gives the memory back. */
  clear(): void {
    this.#slots = emptySlots(firstSlots);
    this.#mask = firstSlots - 1;
    this.#head = 0;
    this.#size = 0;
  }

  #grow(): void {
    const old = this.#slots;
    const slots = emptySlots<T>(old.length * 2);
    for (let i = 0; i < this.#size; i += 1) slots[i] = old[(this.#head + i) & this.#mask];
    this.#slots = slots;
    this.#mask = slots.length - 1;
    this.#head = 0;
  }
}

function emptySlots<T>(count: number): (T | undefined)[] {
  const slots: (T | undefined)[] = [];
  // Sized at once: an array grown by assignment is copied again and again, and over-allocates by half.
  slots.length = count;
  return slots;
}
