import { from, Observable, type ObservableInput, type OperatorFunction, type Subscriber } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import { QueueFullError } from '../event/errors.ts';
import type { JoinInput, RightOf } from '../joins/joined.ts';
import { checkLimit } from './check-number.ts';
import { checkKind } from './join-inputs.ts';
import type { FailedValue, SideOutput } from './side-output.ts';
import { connectInput, type Stage } from './stage.ts';
import type { Watermark } from './watermark.ts';

export interface JoinLatestOptions<L, R, K, Kind extends 'inner' | 'left'> {
  /** The key of a value of the stream. */
  readonly leftKey: (left: L) => K;
  /** The key of a row of the table. */
  readonly rightKey: (right: R) => K;
  /** Whether a row only takes its key out of the table. Default: none does. */
  readonly removes?: (right: R) => boolean;
  /** Whether values whose key is not in the table are emitted, with `null`. Default `inner`: they are not. */
  readonly kind?: Kind;
  /** Keys in the table; beyond, the row is evicted that was put in longest ago. Default `100_000`. */
  readonly maxKeys?: number;
  /** Takes rows given up for `maxKeys`. Without it, that many keys end the stream with an error. */
  readonly evicted?: SideOutput<R>;
  /** Takes values and rows for which a selector threw. Without it they end the stream. */
  readonly errors?: SideOutput<FailedValue<JoinInput<L, R>>>;
}

/** A value of a stream with the row of a table. */
export interface LatestJoined<L, R, K> {
  readonly key: K;
  readonly left: L;
  readonly right: R;
}

const names: OptionNames<JoinLatestOptions<unknown, unknown, unknown, 'left'>> = {
  leftKey: 'function',
  rightKey: 'function',
  removes: 'function',
  kind: true,
  maxKeys: true,
  evicted: 'output',
  errors: 'output',
};

/**
 * Joins each value of a stream with the row of its key in a table: the latest that has come until now.
 *
 * It goes by order of arrival: a row that comes later changes nothing of what was emitted. Where the table
 * has a history that event time decides about, use {@link joinAsOf}. Watermarks of the stream pass; those
 * of the table mean nothing here. The result completes with the stream. O(1) a value and a row.
 *
 * @throws RangeError when `maxKeys` is out of range, TypeError for an unknown `kind`.
 * @example
 * ```ts
 * const users = of({ id: 1, name: 'Ada' });
 * of({ user: 1 }, { user: 2 }).pipe(
 *   joinLatest(users, { leftKey: (click) => click.user, rightKey: (user) => user.id, kind: 'left' }),
 *   withoutWatermarks(),
 *   map(({ right }) => right?.name ?? null),
 * ); // => 'Ada', null
 * ```
 */
export function joinLatest<L, R, K, Kind extends 'inner' | 'left' = 'inner'>(
  table: ObservableInput<R | Watermark>,
  options: JoinLatestOptions<L, R, K, Kind>,
): OperatorFunction<L | Watermark, LatestJoined<L, RightOf<R, Kind>, K> | Watermark> {
  checkOptions('joinLatest', options, names);
  const { kind = 'inner', maxKeys = 100_000 } = options;
  checkKind(kind, ['inner', 'left']);
  checkLimit('maxKeys', maxKeys, 1);
  return (stream) =>
    new Observable((output) => {
      const inputs = new LatestInputs({ ...options, kind, maxKeys }, output);
      connectInput<R, unknown>(from(table), inputs.table, output);
      if (!output.closed) connectInput<L, unknown>(stream, inputs.stream, output);
    });
}

type Result<L, R, K> = LatestJoined<L, R | null, K> | Watermark;

interface Settings<L, R, K> extends JoinLatestOptions<L, R, K, 'inner' | 'left'> {
  readonly kind: 'inner' | 'left';
  readonly maxKeys: number;
}

class LatestInputs<L, R, K> {
  readonly stream: Stage<L>;
  readonly table: Stage<R>;
  readonly #settings: Settings<L, R, K>;
  readonly #rows = new Map<K, R>();

  constructor(settings: Settings<L, R, K>, output: Subscriber<Result<L, R, K>>) {
    this.#settings = settings;
    this.stream = {
      value: (value) => this.#join(value, output),
      watermark: (mark) => output.next(mark),
      end: () => output.complete(),
    };
    this.table = { value: (row) => this.#put(row), watermark: () => {}, end: () => {} };
  }

  #join(left: L, output: Subscriber<Result<L, R, K>>): void {
    let key: K;
    try {
      key = this.#settings.leftKey(left);
    } catch (error) {
      this.#fail({ side: 'left', value: left }, error);
      return;
    }
    const row = this.#rows.get(key);
    if (row !== undefined || this.#rows.has(key)) output.next({ key, left, right: row as R });
    else if (this.#settings.kind === 'left') output.next({ key, left, right: null });
  }

  #put(row: R): void {
    const { rightKey, removes } = this.#settings;
    let key: K;
    let isGone: boolean;
    try {
      key = rightKey(row);
      isGone = removes?.(row) ?? false;
    } catch (error) {
      this.#fail({ side: 'right', value: row }, error);
      return;
    }
    // Taken out first, so that the order of the map is the order in which rows were put in.
    this.#rows.delete(key);
    if (isGone) return;
    if (this.#rows.size >= this.#settings.maxKeys) this.#evict();
    this.#rows.set(key, row);
  }

  #evict(): void {
    const { evicted, maxKeys } = this.#settings;
    if (evicted === undefined) {
      throw new QueueFullError(
        `joinLatest keeps maxKeys = ${maxKeys} rows; take what is given up with an evicted output`,
      );
    }
    const [oldest] = this.#rows;
    if (oldest === undefined) return;
    this.#rows.delete(oldest[0]);
    evicted.next(oldest[1]);
  }

  #fail(value: JoinInput<L, R>, error: unknown): void {
    const { errors } = this.#settings;
    if (errors === undefined) throw error;
    errors.next({ value, error });
  }
}
