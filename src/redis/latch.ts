/** Wakes one loop that waits. A ring while nobody waits is kept for the next who does. */
export class Latch {
  #rung = false;
  #wake: (() => void) | undefined;

  readonly ring = (): void => {
    const wake = this.#wake;
    if (wake === undefined) {
      this.#rung = true;
      return;
    }
    this.#wake = undefined;
    wake();
  };

  wait(): Promise<void> {
    if (this.#rung) {
      this.#rung = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
