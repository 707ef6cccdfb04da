import { describeValue } from '../event/describe-value.ts';
import { Bins } from './bins.ts';

/** Nearer to zero numbers have too few digits for a relative error to mean anything: they count as 0. */
const smallest = 2.3e-308;

export interface DDSketchOptions {
  /** How far an estimate may lie from the true value, as a share of it. Default `0.01`. */
  readonly relativeError?: number;
  /** How many bins at most for each sign. Default `2_048`: numbers that differ by a factor of 10^17. */
  readonly maxBins?: number;
}

/**
 * Estimates quantiles within `relativeError` of the true value: DDSketch (Masson, Rim and Lee 2019).
 *
 * A number is counted in a bin whose width grows with it. Merged sketches are equal to one that saw all, and
 * what was added can be removed again. When the numbers need more than `maxBins`, those nearest to zero share
 * a bin, and only quantiles among them lose their accuracy. O(1) an addition; 8 bytes for each bin in use.
 */
export class DDSketch {
  readonly #growth: number;
  readonly #scale: number;
  readonly #positive: Bins;
  readonly #negative: Bins;
  #zeros = 0;

  /** @throws RangeError when an option is out of range. */
  constructor(options: DDSketchOptions = {}) {
    const { relativeError = 0.01, maxBins = 2_048 } = options;
    if (!(relativeError > 0 && relativeError < 1)) {
      throw new RangeError(`relativeError must be above 0 and below 1, got ${describeValue(relativeError)}`);
    }
    if (!(Number.isSafeInteger(maxBins) && maxBins >= 1)) {
      throw new RangeError(`maxBins must be a whole number of at least 1, got ${describeValue(maxBins)}`);
    }
    this.#growth = (1 + relativeError) / (1 - relativeError);
    this.#scale = 1 / Math.log(this.#growth);
    this.#positive = new Bins(maxBins);
    this.#negative = new Bins(maxBins);
  }

  /** How many numbers it holds. */
  get size(): number {
    return this.#positive.total + this.#negative.total + this.#zeros;
  }

  /** Counts a finite number. */
  add(value: number): void {
    this.#count(value, 1);
  }

  /** Takes back a number that was added. */
  remove(value: number): void {
    this.#count(value, -1);
  }

  /** Adds what `other` holds. Both must have the same options. */
  merge(other: DDSketch): void {
    if (other.#growth !== this.#growth) {
      throw new TypeError('sketches of different relativeError cannot be merged');
    }
    this.#positive.merge(other.#positive);
    this.#negative.merge(other.#negative);
    this.#zeros += other.#zeros;
  }

  /**
   * The number of which a share `q` of all are at most as great, by nearest rank: 0 for the least, 1 for the
   * greatest. NaN of nothing.
   */
  quantile(q: number): number {
    const { size } = this;
    if (size === 0) return NaN;
    // Less a rounding error: 0.07 × 100 is a little more than 7 and would be rank 8.
    const rank = Math.max(1, Math.ceil(q * size * (1 - 2 ** -50)));
    const negatives = this.#negative.total;
    if (rank <= negatives) return -this.#middle(this.#negative.indexAt(negatives - rank + 1));
    if (rank <= negatives + this.#zeros) return 0;
    return this.#middle(this.#positive.indexAt(rank - negatives - this.#zeros));
  }

  #count(value: number, times: number): void {
    if (value > smallest) this.#positive.add(Math.ceil(Math.log(value) * this.#scale), times);
    else if (value < -smallest) this.#negative.add(Math.ceil(Math.log(-value) * this.#scale), times);
    else this.#zeros += times;
  }

  /** The number that is equally far, as a share, from both ends of a bin. */
  #middle(index: number): number {
    return (2 * Math.exp(index / this.#scale)) / (this.#growth + 1);
  }
}
