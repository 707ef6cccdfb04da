/** 64 buckets an octave: a bucket is 1/64 of its lower bound wide, so its middle is off by at most 1/128. */
const bucketBits = 6;
/** Durations up to 2^36 microseconds, 19 hours, have buckets; longer ones share the last. */
const octaves = 36;
const bucketCount = octaves << bucketBits;
/** The exponent of 1, in the upper half of a double, shifted like an index. */
const firstIndex = 1023 << bucketBits;
const indexShift = 20 - bucketBits;

// One double seen as two words: its exponent and first mantissa bits are the bucket, with no logarithm.
const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
double[0] = 1;
const upper = words[1] === 0 ? 0 : 1;

/**
 * Counts durations in buckets of equal relative width, for quantiles in fixed memory.
 *
 * Log-linear buckets after HdrHistogram: quantiles are within 1/128 (0.8 %) of a recorded duration, for
 * durations from 1 µs to 19 h; shorter ones count as 1 µs at most, longer ones as 19 h at least.
 * Count, mean, maximum and minimum are exact. Recording takes a few nanoseconds, a quantile about 2 µs;
 * 18 KB.
 *
 * @example
 * ```ts
 * const latency = new LatencyHistogram();
 * for (const ms of [1, 2, 400]) latency.record(ms);
 * latency.max; // => 400
 * Math.round(latency.quantile(0.5)); // => 2
 * ```
 */
export class LatencyHistogram {
  // Doubles: at 5 M events/s a 32-bit count would overflow in a quarter of an hour.
  readonly #counts = new Float64Array(bucketCount);
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = 0;

  /** How many durations were recorded. */
  get count(): number {
    return this.#count;
  }

  /** The longest, in milliseconds; 0 when there is none. */
  get max(): number {
    return this.#max;
  }

  /** The shortest, in milliseconds; 0 when there is none. */
  get min(): number {
    return this.#count === 0 ? 0 : this.#min;
  }

  /** The mean, in milliseconds; 0 when there is none. */
  get mean(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  /** Counts one duration, in milliseconds. What is negative or no number counts as 0. */
  record(ms: number): void {
    const duration = ms > 0 ? ms : 0;
    double[0] = duration * 1000;
    const index = ((words[upper] as number) >>> indexShift) - firstIndex;
    const bucket = index < 0 ? 0 : index < bucketCount ? index : bucketCount - 1;
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#count += 1;
    this.#sum += duration;
    if (duration < this.#min) this.#min = duration;
    if (duration > this.#max) this.#max = duration;
  }

  /**
   * The duration that a share `q` (0 to 1) of all do not exceed, in milliseconds, by nearest rank; 0 when
   * there is none.
   */
  quantile(q: number): number {
    if (!(q >= 0 && q <= 1)) throw new RangeError(`q must be from 0 to 1, got ${String(q)}`);
    if (this.#count === 0) return 0;
    const rank = Math.max(1, Math.ceil(q * this.#count));
    // The two ends are known exactly.
    if (rank === 1) return this.#min;
    if (rank === this.#count) return this.#max;
    let seen = 0;
    let bucket = 0;
    while (bucket < bucketCount - 1) {
      seen += this.#counts[bucket] as number;
      if (seen >= rank) break;
      bucket += 1;
    }
    return Math.min(this.#max, Math.max(this.#min, middleOf(bucket)));
  }

  /** Adds all that another histogram has counted. */
  merge(other: LatencyHistogram): void {
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      this.#counts[bucket] = (this.#counts[bucket] as number) + (other.#counts[bucket] as number);
    }
    this.#count += other.#count;
    this.#sum += other.#sum;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /** Forgets all. */
  reset(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#sum = 0;
    this.#min = Infinity;
    this.#max = 0;
  }
}

/** The middle of a bucket, in milliseconds. */
function middleOf(bucket: number): number {
  const octave = bucket >> bucketBits;
  const step = bucket & ((1 << bucketBits) - 1);
  return (2 ** octave * (1 + (step + 0.5) / (1 << bucketBits))) / 1000;
}
