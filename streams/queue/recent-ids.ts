import { describeValue } from '../event/describe-value.ts';
import { NumberRing } from './number-ring.ts';
import { RingBuffer } from './ring-buffer.ts';

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
 * added and fewer than `maxIds` were added after it. Seeing it again does not prolong that. O(1) amortised;
 * about 60 bytes an id beside its text. Time is passed in; if it goes back, it is taken to stand still.
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
  /** Each id with the number of its addition, so that an old addition's end does not end a newer one. */
  readonly #additions = new Map<string, number>();
  readonly #ids = new RingBuffer<string>();
  readonly #times = new NumberRing();
  /** The number of the addition at the front of the rings. */
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
    return this.#additions.size;
  }

  /** Remembers an id; `false` if it was remembered already. */
  add(id: string, now: number): boolean {
    this.#advance(now);
    if (this.#additions.has(id)) return false;
    if (this.#ids.size >= this.#maxIds) this.#endFirst();
    this.#additions.set(id, this.#first + this.#ids.size);
    this.#ids.pushBack(id);
    this.#times.pushBack(this.#now);
    return true;
  }

  /** Whether an id is remembered. */
  has(id: string, now: number): boolean {
    this.#advance(now);
    return this.#additions.has(id);
  }

  /** Forgets an id at once, because what it stands for did not happen. It still counts against `maxIds` for its time. */
  forget(id: string): void {
    this.#additions.delete(id);
  }

  /** Forgets all. */
  clear(): void {
    this.#additions.clear();
    this.#ids.clear();
    this.#times.clear();
  }

  #advance(now: number): void {
    if (now > this.#now) this.#now = now;
    while (this.#times.size > 0 && this.#now - this.#times.front >= this.#windowMs) this.#endFirst();
  }

  #endFirst(): void {
    const id = this.#ids.popFront();
    this.#times.popFront();
    if (id !== undefined && this.#additions.get(id) === this.#first) this.#additions.delete(id);
    this.#first += 1;
  }
}
