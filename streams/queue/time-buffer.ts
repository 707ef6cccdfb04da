import { TimeHeap } from './time-heap.ts';

/** Below this many taken slots, moving the rest down would cost more than the slots. */
const keptSlots = 1024;

/**
 * Puts values into the order of their time; values of one time stay in the order they came.
 *
 *     queue   values that came no earlier in time than all before them: an array with a head
 *     heap    the others, which came out of order
 *
 * A value in order costs O(1), one out of order O(log n) of those that are out of order. A value of the
 * queue goes before one of the heap with the same time: it was there when the other came late. What is late
 * is earlier than the last of the queue, so that the queue runs empty after the heap.
 */
export class TimeBuffer<T> {
  readonly #times: number[] = [];
  readonly #values: (T | undefined)[] = [];
  #head = 0;
  #lastTime = -Infinity;
  readonly #late = new TimeHeap<T>();

  get size(): number {
    return this.#values.length - this.#head + this.#late.size;
  }

  /** Time of the first value; `Infinity` when there is none. */
  get nextTime(): number {
    const inOrder = this.#times[this.#head] ?? Infinity;
    const late = this.#late.nextTime;
    return late < inOrder ? late : inOrder;
  }

  push(time: number, value: T): void {
    if (time < this.#lastTime) {
      this.#late.push(time, value);
      return;
    }
    this.#lastTime = time;
    this.#times.push(time);
    this.#values.push(value);
  }

  /** Removes and returns the value that `nextTime` is of. Only to be called while `size` is above 0. */
  shift(): T {
    const inOrder = this.#times[this.#head] ?? Infinity;
    if (this.#late.nextTime < inOrder) {
      return this.#late.pop() as T;
    }
    const value = this.#values[this.#head] as T;
    this.#values[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#values.length) this.#empty();
    else if (this.#head >= keptSlots && this.#head * 2 >= this.#values.length) this.#compact();
    return value;
  }

  clear(): void {
    this.#late.clear();
    this.#empty();
  }

  #empty(): void {
    this.#times.length = 0;
    this.#values.length = 0;
    this.#head = 0;
    this.#lastTime = -Infinity;
  }

  #compact(): void {
    this.#times.copyWithin(0, this.#head);
    this.#values.copyWithin(0, this.#head);
    this.#times.length -= this.#head;
    this.#values.length -= this.#head;
    this.#head = 0;
  }
}
