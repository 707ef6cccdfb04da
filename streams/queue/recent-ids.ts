import { describeValue } from '../event/describe-value.ts';
import { NumberRing } from './number-ring.ts';
import { UuidChains } from './uuid-chains.ts';

export interface RecentIdsOptions {
  /** Milliseconds that an id is remembered. Default `120_000`. */
  readonly windowMs?: number;
  /** How many ids are remembered, the latest. Default `100_000`. */
  readonly maxIds?: number;
}

/**
 * Remembers the ids seen in the last `windowMs`, at most the latest `maxIds` of them.
 *
 * Exact within both bounds: an id counts as seen while less than `windowMs` have passed since it was
 * added and fewer than `maxIds` were added after it. Seeing it again does not prolong that. O(1) amortised. A UUID in
 * lower case takes 36 to 72 bytes and its text is not kept; of other ids it is, and they take about three times that
 * beside it. Time is passed in; if it goes back, it is taken to stand still.
 *
 * @example
 * ```ts
 * const recent = new RecentIds({ windowMs: 1_000 });
 * recent.add('a', 0); // => true
 * recent.add('a', 999); // => false
 * recent.add('a', 1_000); // => true
 * ```
 */
export class RecentIds {
  readonly #windowMs: number;
  readonly #maxIds: number;
  /** UUIDs by the number of their addition. */
  readonly #uuids = new UuidChains();
  /** All others: the number of each, so that an old addition's end does not end a newer one; and each by its number. */
  readonly #others = new Map<string, number>();
  readonly #texts = new Map<number, string>();
  readonly #times = new NumberRing();
  /** The number of the addition at the front of the ring. */
  #first = 0;
  #now = -Infinity;

  constructor(options: RecentIdsOptions = {}) {
    const { windowMs = 120_000, maxIds = 100_000 } = options;
    if (!(typeof windowMs === 'number' && windowMs > 0)) {
      throw new RangeError(`windowMs must be above 0, got ${describeValue(windowMs)}`);
    }
    if (!(maxIds === Infinity || (Number.isInteger(maxIds) && maxIds >= 1))) {
      throw new RangeError(
        `maxIds must be an integer of at least 1, or Infinity, got ${describeValue(maxIds)}`,
      );
    }
    this.#windowMs = windowMs;
    this.#maxIds = maxIds;
  }

  /** How many ids it remembers, as of the latest time it was told. */
  get size(): number {
    return this.#uuids.size + this.#others.size;
  }

  /** Remembers an id; `false` if it was remembered already. */
  add(id: string, now: number): boolean {
    this.#advance(now);
    const isUuid = this.#uuids.read(id);
    if (this.#knows(id, isUuid)) return false;
    if (this.#times.size >= this.#maxIds) this.#endFirst();
    const number = this.#first + this.#times.size;
    if (!isUuid || !this.#uuids.put(number, this.#first)) {
      this.#others.set(id, number);
      this.#texts.set(number, id);
    }
    this.#times.pushBack(this.#now);
    return true;
  }

  /** Whether an id is remembered. */
  has(id: string, now: number): boolean {
    this.#advance(now);
    return this.#knows(id, this.#uuids.read(id));
  }

  /** Forgets an id at once, because what it stands for did not happen. It still counts against `maxIds` for its time. */
  forget(id: string): void {
    if (this.#uuids.read(id)) this.#uuids.remove();
    this.#others.delete(id);
  }

  /** Forgets all. */
  clear(): void {
    this.#uuids.clear();
    this.#others.clear();
    this.#texts.clear();
    this.#times.clear();
  }

  #advance(now: number): void {
    if (now > this.#now) this.#now = now;
    while (this.#times.size > 0 && this.#now - this.#times.front >= this.#windowMs) this.#endFirst();
  }

  #knows(id: string, isUuid: boolean): boolean {
    return (isUuid && this.#uuids.has()) || (this.#others.size > 0 && this.#others.has(id));
  }

  #endFirst(): void {
    const number = this.#first;
    this.#first += 1;
    this.#times.popFront();
    const text = this.#texts.size > 0 ? this.#texts.get(number) : undefined;
    if (text === undefined) {
      this.#uuids.end(number);
      return;
    }
    this.#texts.delete(number);
    if (this.#others.get(text) === number) this.#others.delete(text);
  }
}
