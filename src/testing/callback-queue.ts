/** Callbacks that wait for their turn, first in, first out. One that throws is taken all the same. */
export class CallbackQueue {
  #callbacks: (() => void)[] = [];
  #head = 0;

  get isEmpty(): boolean {
    return this.#head === this.#callbacks.length;
  }

  get size(): number {
    return this.#callbacks.length - this.#head;
  }

  push(callback: () => void): void {
    this.#callbacks.push(callback);
  }

  /** Takes the next out, or the one that is `index` places behind it. */
  take(index = 0): (() => void) | undefined {
    if (index > 0) return this.#callbacks.splice(this.#head + index, 1)[0];
    if (this.isEmpty) {
      if (this.#head > 0) {
        this.#callbacks = [];
        this.#head = 0;
      }
      return undefined;
    }
    const callback = this.#callbacks[this.#head];
    this.#head += 1;
    // A queue that never runs dry must not keep what it has run.
    if (this.#head >= 1024 && this.#head * 2 >= this.#callbacks.length) {
      this.#callbacks = this.#callbacks.slice(this.#head);
      this.#head = 0;
    }
    return callback;
  }
}
