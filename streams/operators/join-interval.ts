import type { ObservableInput, OperatorFunction } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import { describeValue } from '../event/describe-value.ts';
import { QueueFullError } from '../event/errors.ts';
import { keepsLeft, keepsRight } from '../joins/joined.ts';
import type { Joined, JoinInput, JoinKind, LeftOf, RightOf } from '../joins/joined.ts';
import { JoinSide } from '../joins/join-side.ts';
import type { Row } from '../joins/sorted-rows.ts';
import { checkLimit } from './check-number.ts';
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

export interface JoinIntervalOptions<L, R, K, Kind extends JoinKind> extends JoinOptions<L, R, K> {
  /** How far before the left value the right one may lie: `-5_000` is five seconds. May be `-Infinity`. */
  readonly fromMs: number;
  /** How far after the left value the right one may lie, this very distance included. May be `Infinity`. */
  readonly toMs: number;
  /** Which values without a partner are emitted too. Default `inner`: none. */
  readonly kind?: Kind;
  /** Takes values given up for `maxBuffered`, those first that expire first. Without it: an error. */
  readonly evicted?: SideOutput<JoinInput<L, R>>;
}

const names: OptionNames<JoinIntervalOptions<unknown, unknown, unknown, JoinKind>> = {
  ...joinNames,
  fromMs: true,
  toMs: true,
  kind: true,
  evicted: 'output',
};

/**
 * Joins each left value with the right values of its key that lie near it in time.
 *
 * A pair is emitted as soon as both are there: `fromMs <= right.time - left.time <= toMs`, both ends
 * included. A value without a partner is emitted with `null`, if asked for, once the watermark says that
 * none can come; the watermark passed on is held back as long. A value is dropped when it can meet no
 * other. O(log n + pairs) a value.
 *
 * @throws RangeError when a limit is out of range, TypeError for an unknown `kind`.
 * @example
 * ```ts
 * const payments = of({ order: 'A', time: 40 }, new Watermark(200));
 * of({ id: 'A', time: 10 }, { id: 'B', time: 20 }, new Watermark(200)).pipe(
 *   joinInterval(payments, { leftKey: (o) => o.id, rightKey: (p) => p.order, fromMs: 0, toMs: 100, kind: 'left' }),
 *   withoutWatermarks(),
 *   map(({ key, right }) => [key, right?.time]),
 * ); // => ['A', 40], ['B', undefined]
 * ```
 */
export function joinInterval<L, R, K, Kind extends JoinKind = 'inner'>(
  right: ObservableInput<R | Watermark>,
  options: JoinIntervalOptions<L, R, K, Kind>,
): OperatorFunction<L | Watermark, Joined<LeftOf<L, Kind>, RightOf<R, Kind>, K> | Watermark> {
  checkOptions('joinInterval', options, names);
  const { fromMs, toMs, kind = 'inner', maxBuffered = 1_000_000 } = options;
  checkInterval(fromMs, toMs);
  checkKind(kind, ['inner', 'left', 'right', 'full']);
  checkLimit('maxBuffered', maxBuffered, 1);
  return joinInputs<L, R, K, Joined<LeftOf<L, Kind>, RightOf<R, Kind>, K>>(
    right,
    options,
    (output) => new IntervalStage<L, R, K>({ ...options, kind, maxBuffered }, output),
  );
}

function checkInterval(fromMs: number, toMs: number): void {
  // A text compares as the number that it spells, and would be appended to times.
  const areNumbers = typeof fromMs === 'number' && typeof toMs === 'number';
  if (areNumbers && fromMs <= toMs && fromMs < Infinity && toMs > -Infinity) return;
  throw new RangeError(
    `fromMs must be milliseconds, at most toMs, got ${describeValue(fromMs)} and ${describeValue(toMs)}`,
  );
}

type Pair<L, R, K> = Joined<L | null, R | null, K>;

interface Settings<L, R, K> extends JoinIntervalOptions<L, R, K, JoinKind> {
  readonly kind: JoinKind;
  readonly maxBuffered: number;
}

class IntervalStage<L, R, K> implements JoinStage<L, R, K> {
  readonly #settings: Settings<L, R, K>;
  readonly #output: JoinOutput<Pair<L, R, K>>;
  readonly #lefts: JoinSide<L, K>;
  readonly #rights: JoinSide<R, K>;
  /** How long a value may be on its way to being emitted alone. */
  readonly #holdMs: number;
  #mark = -Infinity;

  constructor(settings: Settings<L, R, K>, output: JoinOutput<Pair<L, R, K>>) {
    this.#settings = settings;
    this.#output = output;
    const { fromMs, toMs, kind } = settings;
    this.#lefts = new JoinSide(toMs);
    this.#rights = new JoinSide(-fromMs);
    this.#holdMs = Math.max(0, keepsLeft(kind) ? toMs : 0, keepsRight(kind) ? -fromMs : 0);
  }

  left(value: L, time: number, key: K): boolean {
    if (time < this.#mark) return false;
    const { fromMs, toMs } = this.#settings;
    const row = { value, time, matched: false };
    const rights = this.#rights.rowsOf(key);
    const end = rights?.countUpTo(time + toMs) ?? 0;
    for (let index = rights?.countBelow(time + fromMs) ?? 0; index < end; index += 1) {
      const right = rights?.at(index);
      if (right !== undefined) this.#pair(key, row, right);
    }
    if (time + toMs < this.#mark) this.#leftAlone(key, row);
    else {
      this.#makeRoom();
      this.#lefts.add(row, key);
    }
    return true;
  }

  right(value: R, time: number, key: K): boolean {
    if (time < this.#mark) return false;
    const { fromMs, toMs } = this.#settings;
    const row = { value, time, matched: false };
    const lefts = this.#lefts.rowsOf(key);
    const end = lefts?.countUpTo(time - fromMs) ?? 0;
    for (let index = lefts?.countBelow(time - toMs) ?? 0; index < end; index += 1) {
      const left = lefts?.at(index);
      if (left !== undefined) this.#pair(key, left, row);
    }
    if (time - fromMs < this.#mark) this.#rightAlone(key, row);
    else {
      this.#makeRoom();
      this.#rights.add(row, key);
    }
    return true;
  }

  advance(time: number): number {
    this.#mark = time;
    for (let left = this.#lefts.takeBelow(time); left !== undefined; left = this.#lefts.takeBelow(time)) {
      this.#leftAlone(left.key, left.row);
    }
    for (
      let right = this.#rights.takeBelow(time);
      right !== undefined;
      right = this.#rights.takeBelow(time)
    ) {
      this.#rightAlone(right.key, right.row);
    }
    return time === Infinity ? time : time - this.#holdMs;
  }

  #pair(key: K, left: Row<L>, right: Row<R>): void {
    left.matched = true;
    right.matched = true;
    const time = left.time > right.time ? left.time : right.time;
    this.#output.next({ key, left: left.value, right: right.value, time, late: this.#output.takeLate() });
  }

  #leftAlone(key: K, { matched, value, time }: Row<L>): void {
    if (matched || !keepsLeft(this.#settings.kind)) return;
    this.#output.next({ key, left: value, right: null, time, late: this.#output.takeLate() });
  }

  #rightAlone(key: K, { matched, value, time }: Row<R>): void {
    if (matched || !keepsRight(this.#settings.kind)) return;
    this.#output.next({ key, left: null, right: value, time, late: this.#output.takeLate() });
  }

  #makeRoom(): void {
    const { maxBuffered, evicted } = this.#settings;
    if (this.#lefts.size + this.#rights.size < maxBuffered) return;
    if (evicted === undefined) {
      throw new QueueFullError(
        `joinInterval keeps maxBuffered = ${maxBuffered} values; narrow the interval, see that both inputs ` +
          `have watermarks, or take what is given up with an evicted output`,
      );
    }
    if (this.#lefts.nextExpiry <= this.#rights.nextExpiry) {
      const left = this.#lefts.takeFirst();
      if (left !== undefined) evicted.next({ side: 'left', value: left.row.value });
    } else {
      const right = this.#rights.takeFirst();
      if (right !== undefined) evicted.next({ side: 'right', value: right.row.value });
    }
  }
}
