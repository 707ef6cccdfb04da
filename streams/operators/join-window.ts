import type { ObservableInput, OperatorFunction } from 'rxjs';
import { checkOptions, type OptionNames } from '../event/check-options.ts';
import { QueueFullError } from '../event/errors.ts';
import { keepsLeft, keepsRight } from '../joins/joined.ts';
import type { Joined, JoinInput, JoinKind, LeftOf, RightOf } from '../joins/joined.ts';
import { inTimeOrder, pairOf, type WindowPair, type WindowRows } from '../joins/window-rows.ts';
import { TimeHeap } from '../queue/time-heap.ts';
import { checkOverlap } from './check-overlap.ts';
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

export interface JoinWindowOptions<L, R, K, Kind extends JoinKind> extends JoinOptions<L, R, K> {
  /** Length of a window. */
  readonly sizeMs: number;
  /** From the start of one window to the start of the next. Default `sizeMs`: windows do not overlap. */
  readonly hopMs?: number;
  /** Where one of the windows starts. Default `0`: windows are aligned to the epoch. */
  readonly offsetMs?: number;
  /** Which values without a partner are emitted too. Default `inner`: none. */
  readonly kind?: Kind;
  /** Takes values given up for `maxBuffered`: those of the window that closes first. Without it: an error. */
  readonly evicted?: SideOutput<JoinInput<L, R>>;
}

/** A pair of one window. */
export interface WindowJoined<L, R, K> extends Joined<L, R, K> {
  /** Event time where the window begins. */
  readonly start: number;
  /** Event time where it ends; no longer part of it. */
  readonly end: number;
}

const names: OptionNames<JoinWindowOptions<unknown, unknown, unknown, JoinKind>> = {
  ...joinNames,
  sizeMs: true,
  hopMs: true,
  offsetMs: true,
  kind: true,
  evicted: 'output',
};

/**
 * Joins the values of two streams that have the same key and lie in the same window.
 *
 * When the watermark of both passes the end of a window, all its pairs are emitted: by key, then by the
 * time of the left value and of the right one; and, if asked for, the values of keys that only one side
 * has, with `null`. A value is late when all its windows are over. In windows that overlap a pair comes
 * once for each that it is in. O(windows of a value) to take it, O(pairs) to close.
 *
 * @throws RangeError when a length is out of range, TypeError for an unknown `kind`.
 * @example
 * ```ts
 * const rights = of({ user: 1, time: 30 }, new Watermark(100));
 * of({ user: 1, time: 10 }, { user: 1, time: 60 }, new Watermark(100)).pipe(
 *   joinWindow(rights, { leftKey: (l) => l.user, rightKey: (r) => r.user, sizeMs: 50 }),
 *   withoutWatermarks(),
 *   map(({ left, right }) => [left.time, right.time]),
 * ); // => [10, 30]
 * ```
 */
export function joinWindow<L, R, K, Kind extends JoinKind = 'inner'>(
  right: ObservableInput<R | Watermark>,
  options: JoinWindowOptions<L, R, K, Kind>,
): OperatorFunction<L | Watermark, WindowJoined<LeftOf<L, Kind>, RightOf<R, Kind>, K> | Watermark> {
  checkOptions('joinWindow', options, names);
  const { sizeMs, hopMs = sizeMs, offsetMs = 0, kind = 'inner', maxBuffered = 1_000_000 } = options;
  checkMs('sizeMs', sizeMs, 1);
  checkMs('hopMs', hopMs, 1);
  checkMs('offsetMs', offsetMs, 0);
  checkOverlap(sizeMs, hopMs);
  checkKind(kind, ['inner', 'left', 'right', 'full']);
  checkLimit('maxBuffered', maxBuffered, 1);
  return joinInputs<L, R, K, WindowJoined<LeftOf<L, Kind>, RightOf<R, Kind>, K>>(
    right,
    options,
    (output) => new WindowStage<L, R, K>({ ...options, hopMs, offsetMs, kind, maxBuffered }, output),
  );
}

type Pair<L, R, K> = WindowJoined<L | null, R | null, K>;

interface Settings<L, R, K> extends JoinWindowOptions<L, R, K, JoinKind> {
  readonly hopMs: number;
  readonly offsetMs: number;
  readonly kind: JoinKind;
  readonly maxBuffered: number;
}

class WindowStage<L, R, K> implements JoinStage<L, R, K> {
  readonly #settings: Settings<L, R, K>;
  readonly #output: JoinOutput<Pair<L, R, K>>;
  readonly #windows = new Map<number, WindowRows<L, R, K>>();
  readonly #starts = new TimeHeap<number>();
  #size = 0;
  #mark = -Infinity;

  constructor(settings: Settings<L, R, K>, output: JoinOutput<Pair<L, R, K>>) {
    this.#settings = settings;
    this.#output = output;
  }

  left(value: L, time: number, key: K): boolean {
    const row = { value, time, matched: false };
    return this.#eachWindow(time, (window) => pairOf(window, key).lefts.push(row));
  }

  right(value: R, time: number, key: K): boolean {
    const row = { value, time, matched: false };
    return this.#eachWindow(time, (window) => pairOf(window, key).rights.push(row));
  }

  advance(time: number): number {
    this.#mark = time;
    while (this.#starts.nextTime + this.#settings.sizeMs <= time && this.#starts.size > 0) {
      const window = this.#takeFirst();
      if (window !== undefined) this.#close(window);
    }
    return time;
  }

  /** Puts a value into its windows that are not over. Returns whether there was one. */
  #eachWindow(time: number, add: (window: WindowRows<L, R, K>) => void): boolean {
    const { sizeMs, hopMs, offsetMs } = this.#settings;
    const last = Math.floor((time - offsetMs) / hopMs) * hopMs + offsetMs;
    let taken = false;
    for (let start = last; start > time - sizeMs; start -= hopMs) {
      if (start + sizeMs <= this.#mark) break;
      taken = true;
      this.#makeRoom();
      const window = this.#windowAt(start);
      add(window);
      window.size += 1;
      this.#size += 1;
    }
    return taken;
  }

  #windowAt(start: number): WindowRows<L, R, K> {
    let window = this.#windows.get(start);
    if (window === undefined) {
      window = { start, byKey: new Map(), size: 0 };
      this.#windows.set(start, window);
      this.#starts.push(start, start);
    }
    return window;
  }

  #takeFirst(): WindowRows<L, R, K> | undefined {
    const start = this.#starts.pop();
    if (start === undefined) return undefined;
    const window = this.#windows.get(start);
    this.#windows.delete(start);
    this.#size -= window?.size ?? 0;
    return window;
  }

  #close({ start, byKey }: WindowRows<L, R, K>): void {
    for (const [key, pair] of byKey) this.#emit(start, key, pair);
  }

  #emit(start: number, key: K, pair: WindowPair<L, R>): void {
    const { sizeMs, kind } = this.#settings;
    const end = start + sizeMs;
    const emit = (left: L | null, right: R | null): void =>
      this.#output.next({ key, left, right, start, end, time: end - 1, late: this.#output.takeLate() });
    const [lefts, rights] = [inTimeOrder(pair.lefts), inTimeOrder(pair.rights)];
    if (rights.length === 0 && keepsLeft(kind)) for (const left of lefts) emit(left.value, null);
    if (lefts.length === 0 && keepsRight(kind)) for (const right of rights) emit(null, right.value);
    for (const left of lefts) for (const right of rights) emit(left.value, right.value);
  }

  #makeRoom(): void {
    const { maxBuffered, evicted } = this.#settings;
    if (this.#size < maxBuffered) return;
    if (evicted === undefined) {
      throw new QueueFullError(
        `joinWindow keeps maxBuffered = ${maxBuffered} values; use shorter windows, see that both inputs have ` +
          `watermarks, or take what is given up with an evicted output`,
      );
    }
    const window = this.#takeFirst();
    for (const { lefts, rights } of window?.byKey.values() ?? []) {
      for (const { value } of lefts) evicted.next({ side: 'left', value });
      for (const { value } of rights) evicted.next({ side: 'right', value });
    }
  }
}
