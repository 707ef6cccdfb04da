/**
 * Items ordered by time, those of one time in the order they came: a binary heap.
 *
 *     times[i] <= times[2i + 1] and times[2i + 2], ties settled by the sequence number
 *
 * `push` and `pop` are O(log n); pushes in order of time, the usual case, are O(1).
 */
export class TimeHeap<T> {
  readonly #times: number[] = [];
  readonly #sequence: number[] = [];
  readonly #items: T[] = [];
  #pushed = 0;

  get size(): number {
    return this.#times.length;
  }

  /** Time of the first item; `Infinity` when there is none. */
  get nextTime(): number {
    return this.#times[0] ?? Infinity;
  }

  /** The first item. */
  peek(): T | undefined {
    return this.#items[0];
  }

  push(time: number, item: T): void {
    const sequence = this.#pushed;
    this.#pushed += 1;
    let at = this.#times.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      // Among equal times the newer one stays below, so only a strictly later parent moves.
      if ((this.#times[parent] as number) <= time) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#times[at] = time;
    this.#sequence[at] = sequence;
    this.#items[at] = item;
  }

  /** Removes the first item. */
  pop(): T | undefined {
    const first = this.#items[0];
    const time = this.#times.pop();
    const sequence = this.#sequence.pop();
    const item = this.#items.pop();
    if (time === undefined || sequence === undefined || this.#times.length === 0) return first;

    const size = this.#times.length;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#isBefore(child + 1, child)) child += 1;
      const childTime = this.#times[child] as number;
      if (childTime > time || (childTime === time && (this.#sequence[child] as number) > sequence)) break;
      this.#move(child, at);
      at = child;
    }
    this.#times[at] = time;
    this.#sequence[at] = sequence;
    this.#items[at] = item as T;
    return first;
  }

  clear(): void {
    this.#times.length = 0;
    this.#sequence.length = 0;
    this.#items.length = 0;
  }

  #move(from: number, to: number): void {
    this.#times[to] = this.#times[from] as number;
    this.#sequence[to] = this.#sequence[from] as number;
    this.#items[to] = this.#items[from] as T;
  }

  #isBefore(a: number, b: number): boolean {
    const timeA = this.#times[a] as number;
    const timeB = this.#times[b] as number;
    return (
      timeA < timeB || (timeA === timeB && (this.#sequence[a] as number) < (this.#sequence[b] as number))
    );
  }
}
