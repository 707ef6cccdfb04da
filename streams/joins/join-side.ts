import { TimeHeap } from '../queue/time-heap.ts';
import { type Row, SortedRows } from './sorted-rows.ts';

/** A row and its key. */
export interface KeyedRow<T, K> {
  readonly row: Row<T>;
  readonly key: K;
}

/**
 * The rows of one side of a join by time: by key to be found, and all together to expire.
 *
 * The row with the earliest time is always the first of its key too, so that both orders lose it at once.
 */
export class JoinSide<T, K> {
  readonly #byKey = new Map<K, SortedRows<T>>();
  readonly #byTime = new TimeHeap<KeyedRow<T, K>>();
  readonly #reachMs: number;

  /** @param reachMs from the time of a row to the last time at which a partner may lie. */
  constructor(reachMs: number) {
    this.#reachMs = reachMs;
  }

  get size(): number {
    return this.#byTime.size;
  }

  /** When the first row expires: no partner lies beyond. */
  get nextExpiry(): number {
    return this.#byTime.nextTime + this.#reachMs;
  }

  rowsOf(key: K): SortedRows<T> | undefined {
    return this.#byKey.get(key);
  }

  add(row: Row<T>, key: K): void {
    let rows = this.#byKey.get(key);
    if (rows === undefined) {
      rows = new SortedRows();
      this.#byKey.set(key, rows);
    }
    rows.add(row);
    this.#byTime.push(row.time, { row, key });
  }

  /** Takes the first row if it has expired at `time`. At `Infinity` all have. */
  takeBelow(time: number): KeyedRow<T, K> | undefined {
    return this.nextExpiry < time || time === Infinity ? this.takeFirst() : undefined;
  }

  /** Takes the row that expires first. */
  takeFirst(): KeyedRow<T, K> | undefined {
    const entry = this.#byTime.pop();
    if (entry === undefined) return undefined;
    const rows = this.#byKey.get(entry.key);
    rows?.shift();
    if (rows?.size === 0) this.#byKey.delete(entry.key);
    return entry;
  }
}
