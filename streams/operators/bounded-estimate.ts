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
    const { min, max, changes } = this.#bounds;
    this.#value = Math.max(min, Math.min(max, value));
    const limit = Math.floor(this.#value);
    if (limit === this.limit) return;
    this.limit = limit;
    changes?.next(limit);
  }
}
