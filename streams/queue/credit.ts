/**
 * What a subscriber lets its source emit: the whole backpressure protocol.
 *
 * A source may emit while `inFlight < limit`, `permits > 0` and nothing is `held`. It counts each emission with `spend` and
 * each settlement with `repay`; whoever widens the credit calls `poke`, and the source goes on emitting.
 *
 * `limit` bounds what is unsettled at one time (concurrency; 0 while paused). `permits` counts further
 * starts (`Infinity` while a breaker is closed, 0 while open, n while half-open).
 */
export class Credit {
  /** How many deliveries may be unsettled at one time. */
  limit: number;
  /** How many more deliveries may start. */
  permits: number;
  /** Deliveries emitted and not settled. */
  inFlight = 0;
  /** Nothing may start for the moment, whatever else allows it: a rate limit. */
  held = false;
  #resume: () => void = nothing;

  constructor(limit: number, permits = Infinity) {
    this.limit = limit;
    this.permits = permits;
  }

  /** Whether the source may emit one more delivery now. */
  get available(): boolean {
    return this.inFlight < this.limit && this.permits > 0 && !this.held;
  }

  /** The source emits a delivery. */
  spend(): void {
    this.inFlight += 1;
    this.permits -= 1;
  }

  /** A delivery has settled. Does not poke: the source knows best when to go on. */
  repay(): void {
    this.inFlight -= 1;
  }

  /** Sets both bounds, then lets the source go on. */
  grant(limit: number, permits: number): void {
    this.limit = limit;
    this.permits = permits;
    this.#resume();
  }

  /** Lets the source go on if it may. */
  poke(): void {
    this.#resume();
  }

  /** The source names what makes it go on. A credit has one source. */
  attach(resume: () => void): void {
    this.#resume = resume;
  }
}

function nothing(): void {}
