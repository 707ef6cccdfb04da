/** One of the inputs of a {@link MinimumTime}. */
export interface TimeInput {
  /** How far this input has come. Only ever raised, by {@link MinimumTime.raise}. */
  time: number;
  /** Whether it counts. An input that is silent is set aside. */
  active: boolean;
  /** Whether it has said anything since its owner last looked. */
  heard: boolean;
}

/**
 * How far several inputs have come together: the minimum over those that count.
 *
 * Never goes back: an input that joins late or returns does not pull it down. O(1) unless the input that
 * holds the minimum moves, then O(inputs).
 */
export class MinimumTime {
  readonly #inputs = new Set<TimeInput>();
  #time = -Infinity;
  /** An input that is at the minimum; only when it moves can the minimum move. */
  #slowest: TimeInput | undefined;

  /** How far all have come. `-Infinity` until every active input has said something. */
  get time(): number {
    return this.#time;
  }

  add(): TimeInput {
    const input: TimeInput = { time: -Infinity, active: true, heard: true };
    this.#inputs.add(input);
    this.#slowest = input;
    return input;
  }

  /** Says that `input` is alive: it counts. */
  hear(input: TimeInput): void {
    input.heard = true;
    if (input.active) return;
    input.active = true;
    // It may be the only one that counts: then the minimum is where it is.
    this.#settle();
  }

  /** Says that `input` has come to `time`, and that it counts. */
  raise(input: TimeInput, time: number): void {
    this.hear(input);
    if (!(time > input.time)) return;
    input.time = time;
    if (input === this.#slowest || this.#slowest === undefined) this.#settle();
  }

  /** Leaves out what has not been heard since the last call, until it is heard again. Whether any is left. */
  setAsideSilent(): boolean {
    let active = false;
    for (const input of this.#inputs) {
      input.active = input.heard;
      input.heard = false;
      active ||= input.active;
    }
    this.#settle();
    return active;
  }

  /** Takes `input` out for good. */
  remove(input: TimeInput): void {
    this.#inputs.delete(input);
    if (input === this.#slowest) this.#settle();
  }

  #settle(): void {
    let slowest: TimeInput | undefined;
    for (const input of this.#inputs) {
      if (input.active && (slowest === undefined || input.time < slowest.time)) slowest = input;
    }
    this.#slowest = slowest;
    // With nobody active nothing is known: the minimum stays where it was.
    if (slowest !== undefined && slowest.time > this.#time) this.#time = slowest.time;
  }
}
