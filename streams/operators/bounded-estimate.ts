import type { SideOutput } from './side-output.ts';

export interface EstimateBounds {
  readonly initial: number;
  readonly min: number;
  readonly max: number;
  readonly changes: SideOutput<number> | undefined;
}

/** A limit as it is estimated, with fractions, and as it is used: whole, within bounds, told when it changes. */
export class BoundedEstimate {
  /** What is used. */
  limit: number;
  readonly #bounds: EstimateBounds;
  #value: number;

  constructor(bounds: EstimateBounds) {
    this.#bounds = bounds;
    this.#value = bounds.initial;
    this.limit = bounds.initial;
  }

  get value(): number {
    return this.#value;
  }

  set(value: number): void {
    this.#value = this.#within(value);
    this.#use(this.#value);
  }

  /** Uses another limit for a while; the estimate stays. */
  use(limit: number): void {
    this.#use(this.#within(limit));
  }

  #within(value: number): number {
    return Math.max(this.#bounds.min, Math.min(this.#bounds.max, value));
  }

  #use(value: number): void {
    const limit = Math.floor(value);
    if (limit === this.limit) return;
    this.limit = limit;
    this.#bounds.changes?.next(limit);
  }
}
