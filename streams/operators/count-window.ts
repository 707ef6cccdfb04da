import type { OperatorFunction, Subscriber } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import { AggregateSet } from '../aggregates/aggregate-set.ts';
import { QueueFullError } from '../event/errors.ts';
import { checkWhole, checkLimit } from './check-number.ts';
import { checkEventTime, timeProperty } from './event-time.ts';
import { runStage, type Stage } from './stage.ts';
import type { Watermark } from './watermark.ts';
import type { WindowOptions } from './window-options.ts';
import { resultId, type WindowKey } from './window-result.ts';

/** What every result of a count window says beside its figures. */
export interface CountFrame<K> {
  readonly key: K;
  /** Which window of its key it is, from 0. */
  readonly index: number;
  /** Event time of its earliest value. */
  readonly start: number;
  /** Event time just after its latest value. */
  readonly end: number;
  /** Event time of its latest value. */
  readonly time: number;
  /** False for what was left over when the source completed or its key was evicted. */
  readonly full: boolean;
  /** The same for the same result of a second run: name, index and key. */
  readonly id: string;
}

/** A result of a count window: the frame, and one property for each aggregate. */
export type CountResult<K, R> = CountFrame<K> & { readonly [Name in keyof R]: R[Name] };

const countNames: readonly string[] = ['key', 'index', 'start', 'end', 'time', 'full', 'id'];

export interface CountWindowOptions<T, R, K extends WindowKey> extends Pick<
  WindowOptions<T, R, K>,
  'aggregate' | 'key' | 'time' | 'name' | 'errors'
> {
  /** How many values a window holds. */
  readonly size: number;
  /** After how many values the next window closes; at most `size`. Default `size`: windows do not overlap. */
  readonly every?: number;
  /** How many keys there may be. Default `100_000`. */
  readonly maxKeys?: number;
  /** Takes what the oldest key has, not yet full, when `maxKeys` is exceeded. Without it, that is an error. */
  readonly evicted?: { next(result: CountResult<NoInfer<K>, NoInfer<R>>): void };
}

const names: OptionNames<CountWindowOptions<unknown, unknown, WindowKey>> = {
  size: true,
  every: true,
  maxKeys: true,
  aggregate: true,
  key: 'function',
  time: 'function',
  name: true,
  errors: 'output',
  evicted: 'output',
};

/**
 * Gathers `size` values of a key at a time, in the order of their coming, and emits their figures.
 *
 * With `every`, a result comes every so many values, over the latest `size`; windows share their parts. What
 * is left over comes when the source completes, marked as not full. Watermarks pass. O(1) a value, and
 * size / gcd(size, every) merges a result.
 *
 * @throws RangeError when an option is out of range; from the stream, QueueFullError when there are too many
 * keys and no `evicted` output.
 * @example
 * ```ts
 * of(1, 2, 3, 4, 5).pipe(
 *   countWindow({ size: 2, time: (x) => x, aggregate: { total: sum((x) => x) } }),
 *   withoutWatermarks(),
 *   map(({ total, full }) => [total, full]),
 * ); // => [3, true], [7, true], [5, false]
 * ```
 */
export function countWindow<T, R, K extends WindowKey = undefined>(
  options: CountWindowOptions<T, R, K>,
): OperatorFunction<T | Watermark, CountResult<K, R> | Watermark> {
  checkOptions('countWindow', options, names);
  const { size, every = size, maxKeys = 100_000 } = options;
  checkWhole('size', size, 1);
  checkWhole('every', every, 1);
  if (every > size) throw new RangeError(`every must be at most size, ${size}, got ${every}`);
  checkLimit('maxKeys', maxKeys, 1);
  void new AggregateSet(options.aggregate, countNames);
  const chunkSize = greatestDivisor(size, every);
  return runStage((output) => new CountStage({ ...options, every, maxKeys, chunkSize }, output));
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

interface Settings<T, R, K extends WindowKey> extends CountWindowOptions<T, R, K> {
  readonly every: number;
  readonly maxKeys: number;
  /** How many values share a state: no window cuts a chunk. */
  readonly chunkSize: number;
}

/** Some values of one key that follow on each other. */
interface Chunk {
  /** Where its figures are. */
  readonly slot: number;
  start: number;
  end: number;
}

interface KeyState<K> {
  readonly key: K;
  /** The latest chunks, of a window at most; the last one may be filling. */
  readonly chunks: Chunk[];
  /** Values so far. */
  seen: number;
  /** Values that no result has told. */
  untold: number;
  /** Results so far. */
  index: number;
}

class CountStage<T, R, K extends WindowKey> implements Stage<T> {
  readonly #settings: Settings<T, R, K>;
  readonly #output: Subscriber<CountResult<K, R> | Watermark>;
  readonly #aggregates: AggregateSet<T, R>;
  readonly #keys = new Map<K, KeyState<K>>();

  constructor(settings: Settings<T, R, K>, output: Subscriber<CountResult<K, R> | Watermark>) {
    this.#settings = settings;
    this.#output = output;
    this.#aggregates = new AggregateSet(settings.aggregate);
  }

  value(value: T): void {
    const { time: timeOf = timeProperty, key: keyOf, errors } = this.#settings;
    let time: number;
    let key: K;
    try {
      time = checkEventTime(timeOf(value));
      // Without a selector there is no K to infer, and it is `undefined` by its default.
      key = keyOf === undefined ? (undefined as K) : keyOf(value);
      this.#aggregates.read(value);
    } catch (error) {
      if (errors === undefined) throw error;
      errors.next({ value, error });
      return;
    }
    this.#take(key, time);
  }

  watermark(mark: Watermark): void {
    this.#output.next(mark);
  }

  end(): void {
    for (const state of this.#keys.values()) {
      if (this.#output.closed) return;
      if (state.untold > 0) this.#output.next(this.#tell(state, false));
    }
  }

  #take(key: K, time: number): void {
    const { size, every, chunkSize, maxKeys } = this.#settings;
    let state = this.#keys.get(key);
    if (state === undefined) {
      state = { key, chunks: [], seen: 0, untold: 0, index: 0 };
      this.#keys.set(key, state);
    }
    if (state.seen % chunkSize === 0) {
      state.chunks.push({ slot: this.#aggregates.open(), start: time, end: time });
      const gone = state.chunks.length > size / chunkSize ? state.chunks.shift() : undefined;
      if (gone !== undefined) this.#aggregates.close(gone.slot);
    }
    const chunk = state.chunks.at(-1);
    if (chunk === undefined) return;
    this.#aggregates.add(chunk.slot, time);
    if (time < chunk.start) chunk.start = time;
    if (time > chunk.end) chunk.end = time;
    state.seen += 1;
    state.untold += 1;
    if (state.seen >= size && (state.seen - size) % every === 0) this.#output.next(this.#tell(state, true));
    if (this.#keys.size > maxKeys) this.#evictOldest();
  }

  #tell(state: KeyState<K>, full: boolean): CountResult<K, R> {
    const { name = 'countWindow' } = this.#settings;
    const merged = this.#aggregates.open();
    let [start, last] = [Infinity, -Infinity];
    for (const chunk of state.chunks) {
      this.#aggregates.merge(merged, chunk.slot);
      start = Math.min(start, chunk.start);
      last = Math.max(last, chunk.end);
    }
    const { key, index } = state;
    const id = resultId(name, index, key, 0);
    const frame = { key, index, start, end: last + 1, time: last, full, id };
    this.#aggregates.putResults(frame, merged, last - start);
    this.#aggregates.close(merged);
    state.index += 1;
    state.untold = 0;
    // The set has put in one figure for each name in R.
    return frame as unknown as CountResult<K, R>;
  }

  #evictOldest(): void {
    const { evicted, maxKeys, name = 'countWindow' } = this.#settings;
    const oldest = this.#keys.values().next().value;
    if (oldest === undefined) return;
    if (evicted === undefined) {
      throw new QueueFullError(
        `${name} has values of more than maxKeys = ${maxKeys} keys; raise it, or give an evicted output`,
      );
    }
    this.#keys.delete(oldest.key);
    if (oldest.untold > 0) evicted.next(this.#tell(oldest, false));
    for (const { slot } of oldest.chunks) this.#aggregates.close(slot);
  }
}
