/** Counts the appends that a log has not answered, and keeps what must not overtake them. */
export class AppendsUnderWay {
  readonly #onIdle: () => void;
  #count = 0;
  #behind: (() => void)[] = [];

  /** `onIdle` hears that none is under way any more, and nothing waits. */
  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
  }

  /** Whether any is. */
  get any(): boolean {
    return this.#count > 0;
  }

  /** Whether something waits behind them. */
  get awaited(): boolean {
    return this.#behind.length > 0;
  }

  begin(): void {
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count > 0) return;
    const behind = this.#behind;
    this.#behind = [];
    for (const goOn of behind) goOn();
    if (this.#count === 0) this.#onIdle();
  }

  /** Acts once all that are under way now have been answered; what waits goes in turn. */
  behind<T>(act: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#behind.push(() => {
        try {
          resolve(act());
        } catch (error) {
          reject(error);
        }
      });
    });
  }
}
