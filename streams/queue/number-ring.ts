/** Below this many slots an emptied ring keeps its memory: giving it back would cost more than it saves. */
const keptSlots = 1024;
const firstSlots = 16;

/** A first-in-first-out ring of numbers at 8 bytes each; a ring of anything would box those that are no small integers. */
export class NumberRing {
  #slots = new Float64Array(firstSlots);
  #mask = firstSlots - 1;
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The first; of no meaning while it is empty. */
  get front(): number {
    return this.#slots[this.#head] as number;
  }

  pushBack(value: number): void {
    if (this.#size > this.#mask) this.#grow();
    this.#slots[(this.#head + this.#size) & this.#mask] = value;
    this.#size += 1;
  }

  popFront(): void {
    if (this.#size === 0) return;
    this.#head = (this.#head + 1) & this.#mask;
    this.#size -= 1;
    if (this.#size === 0 && this.#mask >= keptSlots) this.clear();
  }

  /** Forgets all and gives the memory back. */
  clear(): void {
    this.#slots = new Float64Array(firstSlots);
    this.#mask = firstSlots - 1;
    this.#head = 0;
    this.#size = 0;
  }

  #grow(): void {
    const slots = new Float64Array(this.#slots.length * 2);
    for (let i = 0; i < this.#size; i += 1) slots[i] = this.#slots[(this.#head + i) & this.#mask] as number;
    this.#slots = slots;
    this.#mask = slots.length - 1;
    this.#head = 0;
  }
}
