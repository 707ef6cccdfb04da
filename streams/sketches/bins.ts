/**
 * Counts by whole number, for numbers that lie near each other.
 *
 * At most `maxBins` neighbouring bins; what lies further below counts in the lowest. O(1) an addition.
 */
export class Bins {
  readonly #maxBins: number;
  #counts = new Float64Array(0);
  /** Number of the bin `#counts[0]`. */
  #offset = 0;
  /** Below this bin all count in it. */
  #floor = -Infinity;
  #total = 0;

  constructor(maxBins: number) {
    this.#maxBins = maxBins;
  }

  /** How much is counted in all. */
  get total(): number {
    return this.#total;
  }

  add(index: number, times: number): void {
    const wanted = index < this.#floor ? this.#floor : index;
    let bin = wanted - this.#offset;
    if (!(bin >= 0 && bin < this.#counts.length)) bin = this.#makeRoom(wanted);
    this.#counts[bin] = (this.#counts[bin] ?? 0) + times;
    this.#total += times;
    // Nothing is left that was moved: the floor may be found anew.
    if (this.#total === 0) this.#floor = -Infinity;
  }

  merge(from: Bins): void {
    // From the top, so that a floor is found before anything needs it.
    for (let bin = from.#counts.length - 1; bin >= 0; bin -= 1) {
      const times = from.#counts[bin] ?? 0;
      if (times !== 0) this.add(bin + from.#offset, times);
    }
  }

  /** The bin in which the `rank`-th lies, from 1 for the lowest. */
  indexAt(rank: number): number {
    let seen = 0;
    for (let bin = 0; bin < this.#counts.length; bin += 1) {
      seen += this.#counts[bin] ?? 0;
      if (seen >= rank) return bin + this.#offset;
    }
    return this.#offset + this.#counts.length - 1;
  }

  /** Makes room for the bin `index` and returns its place, which is the lowest if it lies too far below. */
  #makeRoom(index: number): number {
    const used = this.#total === 0 ? undefined : this.#usedRange();
    const high = Math.max(index, used?.high ?? index);
    const floor = high - this.#maxBins + 1;
    const low = Math.max(Math.min(index, used?.low ?? index), floor);
    // Room to spare on both sides, so that growing is rare.
    const spare = Math.min(Math.max(8, (high - low) >> 1), this.#maxBins);
    const offset = Math.max(low - spare, floor);
    const counts = new Float64Array(Math.min(high + spare, offset + this.#maxBins - 1) - offset + 1);
    const before = this.#counts;
    for (let bin = 0; bin < before.length; bin += 1) {
      const place = Math.max(bin + this.#offset, low) - offset;
      const times = before[bin] ?? 0;
      if (times !== 0) counts[place] = (counts[place] ?? 0) + times;
    }
    if (index < low || (used !== undefined && used.low < low)) this.#floor = Math.max(this.#floor, low);
    this.#counts = counts;
    this.#offset = offset;
    return Math.max(index, low) - offset;
  }

  #usedRange(): { low: number; high: number } {
    let low = 0;
    let high = this.#counts.length - 1;
    while (low < high && this.#counts[low] === 0) low += 1;
    while (high > low && this.#counts[high] === 0) high -= 1;
    return { low: low + this.#offset, high: high + this.#offset };
  }
}
