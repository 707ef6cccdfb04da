import type { ObservableInput, OperatorFunction } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import { QueueFullError } from '../event/errors.ts';
import type { Joined, JoinInput, RightOf } from '../joins/joined.ts';
import { type Row, SortedRows } from '../joins/sorted-rows.ts';
import { TimeBuffer } from '../queue/time-buffer.ts';
import { checkLimit, checkMs } from './check-number.ts';
import {
  checkKind,
  joinInputs,
  joinNames,
  type JoinOptions,
  type JoinOutput,
  type JoinStage,
} from './join-inputs.ts';
import type { SideOutput } from './side-output.ts';
import type { Watermark } from './watermark.ts';

export interface JoinAsOfOptions<L, R, K, Kind extends 'inner' | 'left'> extends JoinOptions<L, R, K> {
  /** How old the right value may be, at the time of the left one. Default: any age. */
  readonly toleranceMs?: number;
  /** Whether left values without a right one are emitted, with `null`. Default `left`: they are. */
  readonly kind?: Kind;
  /** Keys whose right values are kept; beyond, the key that came first is evicted. Default `100_000`. */
  readonly maxKeys?: number;
  /** Takes right values given up for `maxKeys`. Without it, that many keys end the stream with an error. */
  readonly evicted?: SideOutput<JoinInput<L, R>>;
}

const names: OptionNames<JoinAsOfOptions<unknown, unknown, unknown, 'left'>> = {
  ...joinNames,
  toleranceMs: true,
  kind: true,
  maxKeys: true,
  evicted: 'output',
};

/**
 * Joins each left value with the latest right value of its key as of its time: the price when an order came.
 *
 * Results come in the order of event time, once the watermark of both inputs has passed the left value,
 * so they do not depend on which of the two came first. A right value with the very time of the left one
 * counts; of several with one time, the one that came last. O(log n) a value; of each key the right values
 * that a left one may still ask for are kept, and at least the latest.
 *
 * @throws RangeError when a limit is out of range, TypeError for an unknown `kind`.
 * @example
 * ```ts
 * const prices = of({ share: 'X', price: 7, time: 10 }, { share: 'X', price: 8, time: 30 }, new Watermark(50));
 * of({ share: 'X', time: 5 }, { share: 'X', time: 20 }, new Watermark(50)).pipe(
 *   joinAsOf(prices, { leftKey: (order) => order.share, rightKey: (price) => price.share }),
 *   withoutWatermarks(),
 *   map(({ left, right }) => [left.time, right?.price ?? null]),
 * ); // => [5, null], [20, 7]
 * ```
 */
export function joinAsOf<L, R, K, Kind extends 'inner' | 'left' = 'left'>(
  right: ObservableInput<R | Watermark>,
  options: JoinAsOfOptions<L, R, K, Kind>,
): OperatorFunction<L | Watermark, Joined<L, RightOf<R, Kind>, K> | Watermark> {
  checkOptions('joinAsOf', options, names);
  const { toleranceMs = Infinity, kind = 'left', maxKeys = 100_000, maxBuffered = 1_000_000 } = options;
  if (toleranceMs !== Infinity) checkMs('toleranceMs', toleranceMs, 0);
  checkKind(kind, ['inner', 'left']);
  checkLimit('maxKeys', maxKeys, 1);
  checkLimit('maxBuffered', maxBuffered, 1);
  return joinInputs<L, R, K, Joined<L, RightOf<R, Kind>, K>>(
    right,
    options,
    (output) => new AsOfStage<L, R, K>({ ...options, toleranceMs, kind, maxKeys, maxBuffered }, output),
  );
}

interface Settings<L, R, K> extends JoinAsOfOptions<L, R, K, 'inner' | 'left'> {
  readonly toleranceMs: number;
  readonly kind: 'inner' | 'left';
  readonly maxKeys: number;
  readonly maxBuffered: number;
}

interface Asking<L, K> {
  readonly value: L;
  readonly time: number;
  readonly key: K;
}

class AsOfStage<L, R, K> implements JoinStage<L, R, K> {
  readonly #settings: Settings<L, R, K>;
  readonly #output: JoinOutput<Joined<L, R | null, K>>;
  /** Left values that the watermark has not passed. */
  readonly #asking = new TimeBuffer<Asking<L, K>>();
  readonly #rights = new Map<K, SortedRows<R>>();
  #rightSize = 0;
  #mark = -Infinity;

  constructor(settings: Settings<L, R, K>, output: JoinOutput<Joined<L, R | null, K>>) {
    this.#settings = settings;
    this.#output = output;
  }

  left(value: L, time: number, key: K): boolean {
    if (time < this.#mark) return false;
    this.#checkRoom();
    this.#asking.push(time, { value, time, key });
    return true;
  }

  right(value: R, time: number, key: K): boolean {
    if (time < this.#mark) return false;
    this.#checkRoom();
    const rows = this.#rights.get(key) ?? this.#addKey(key);
    rows.add({ value, time, matched: false });
    this.#rightSize += 1;
    this.#forget(rows, this.#mark);
    return true;
  }

  advance(time: number): number {
    this.#mark = time;
    while (this.#asking.nextTime < time) this.#answer(this.#asking.shift());
    return time;
  }

  #answer({ value, time, key }: Asking<L, K>): void {
    const { kind } = this.#settings;
    const row = this.#latest(key, time);
    if (row === undefined && kind === 'inner') return;
    this.#output.next({ key, left: value, right: row?.value ?? null, time, late: this.#output.takeLate() });
  }

  #latest(key: K, time: number): Row<R> | undefined {
    const rows = this.#rights.get(key);
    if (rows === undefined) return undefined;
    // Left values are answered in the order of time, so what this one does not need, none will.
    this.#forget(rows, time);
    const row = rows.at(0);
    return row === undefined || row.time > time || time - row.time > this.#settings.toleranceMs
      ? undefined
      : row;
  }

  /** Drops what lies before the latest row as of `time`. */
  #forget(rows: SortedRows<R>, time: number): void {
    for (let second = rows.at(1); second !== undefined && second.time <= time; second = rows.at(1)) {
      rows.shift();
      this.#rightSize -= 1;
    }
  }

  #addKey(key: K): SortedRows<R> {
    const { maxKeys, evicted } = this.#settings;
    if (this.#rights.size >= maxKeys) {
      if (evicted === undefined) {
        throw new QueueFullError(
          `joinAsOf keeps the right values of maxKeys = ${maxKeys} keys; take what is given up with an evicted output`,
        );
      }
      const [first] = this.#rights;
      if (first !== undefined) this.#evict(first[0], first[1], evicted);
    }
    const rows = new SortedRows<R>();
    this.#rights.set(key, rows);
    return rows;
  }

  #evict(key: K, rows: SortedRows<R>, evicted: SideOutput<JoinInput<L, R>>): void {
    this.#rights.delete(key);
    this.#rightSize -= rows.size;
    for (let row = rows.shift(); row !== undefined; row = rows.shift()) {
      evicted.next({ side: 'right', value: row.value });
    }
  }

  #checkRoom(): void {
    const { maxBuffered } = this.#settings;
    if (this.#asking.size + this.#rightSize < maxBuffered) return;
    throw new QueueFullError(
      `joinAsOf keeps maxBuffered = ${maxBuffered} values that wait for a watermark; see that both inputs have them`,
    );
  }
}
