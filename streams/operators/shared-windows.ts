import type { Subscriber } from 'rxjs';
import type { Bucket } from '../windows/bucket.ts';
import { Fifo } from '../windows/fifo.ts';
import type { OpenMark } from '../windows/resume-tracker.ts';
import { forEachSlice, sliceAt, type SliceGrid, windowsOf } from '../windows/slices.ts';
import { TimeHeap } from '../queue/time-heap.ts';
import type { Watermark } from './watermark.ts';
import type { WindowSettings } from './window-options.ts';
import { type WindowContent, WindowContents } from './window-contents.ts';
import type { WindowKey, WindowResult, WindowTiming } from './window-result.ts';
import { WindowStage } from './window-stage.ts';

type SliceBucket<K> = Bucket<K, OpenMark | undefined>;

/** An early result that is to be given. */
interface EarlyResult<K> {
  readonly start: number;
  readonly contents: WindowContents<K>;
  readonly content: WindowContent<K>;
}

/**
 * Overlapping windows that share slices: a value is added once, however many windows it lies in, and a
 * window is merged from its slices when it closes.
 *
 * A slice is kept until the last of its windows can no longer change. Windows have no state of their own, but
 * their early results are given all at the same moments: so the slices know what is new to all of them, and
 * when discarding hold only that. What makes each window count for itself is for `AlignedWindows`.
 */
export class SharedWindows<T, R, K extends WindowKey> extends WindowStage<T, R, K> {
  readonly #grid: SliceGrid;
  readonly #slices = new Map<number, SliceBucket<K>>();
  /** Slices by when the last of their windows is done with. */
  readonly #expiring = new TimeHeap<SliceBucket<K>>();
  /** Starts of the windows that are to close, by their ends. */
  readonly #closing = new TimeHeap<number>();
  /** Which windows are in `#closing`; and, where more results may come, how many each key had. */
  readonly #revisions = new Map<number, Map<K, number>>();
  /** Whether a window may give more than one result. */
  readonly #tellsOften: boolean;
  /** Early results that are being given. */
  readonly #news = new Fifo<EarlyResult<K>>();
  #recent: SliceBucket<K> | undefined;
  #open = 0;

  constructor(
    settings: WindowSettings<T, R, K>,
    output: Subscriber<WindowResult<K, R> | Watermark>,
    grid: SliceGrid,
  ) {
    super(settings, output);
    this.#grid = grid;
    this.#tellsOften = settings.allowedLatenessMs > 0 || settings.early !== undefined;
  }

  protected override take(key: K, time: number): boolean {
    const slice = this.#sliceAt(time);
    if (slice === undefined) return false;
    let slot = slice.slots.get(key);
    if (slot === undefined) {
      slot = this.aggregates.open();
      slice.slots.set(key, slot);
      this.#open += 1;
    }
    this.aggregates.add(slot, time);
    if (slice.end <= this.time && this.settings.allowedLatenessMs > 0) this.#emitLate(slice, key, time);
    if (this.#open > this.settings.maxOpenWindows) this.#evictExcess();
    return true;
  }

  protected override close(): void {
    // Only if an early result has brought the watermark that closes: the others come before on-time ones.
    this.#tellNews();
    while (this.#closing.nextTime <= this.time) {
      const start = this.#closing.pop();
      if (start === undefined || this.output.closed) break;
      this.#emitWindow(start);
    }
    while (this.#expiring.nextTime <= this.time) {
      const slice = this.#expiring.pop();
      if (slice === undefined) break;
      this.#drop(slice);
      // By now all windows that it lay in are done with.
      const { first, last } = windowsOf(this.#grid, slice);
      for (let start = first; start <= last; start += this.#grid.hopMs) this.#revisions.delete(start);
    }
  }

  protected override fireEarly(): void {
    this.#queueNews();
    this.#tellNews();
  }

  protected override endBurst(): void {
    // Nothing waits: counting is not done here.
  }

  /** The slice that takes a value of `time`; `undefined` if all its windows are done with. */
  #sliceAt(time: number): SliceBucket<K> | undefined {
    const recent = this.#recent;
    if (recent !== undefined && time >= recent.start && time < recent.end) return recent;
    const { start, end } = sliceAt(this.#grid, time);
    let slice = this.#slices.get(start);
    if (slice === undefined) {
      const windows = windowsOf(this.#grid, { start, end });
      const expiry = windows.last + this.#grid.sizeMs + this.settings.allowedLatenessMs;
      if (expiry <= this.time) return undefined;
      slice = { start, end, slots: new Map(), mark: this.resume?.open() };
      this.#slices.set(start, slice);
      this.#expiring.push(expiry, slice);
      this.#schedule(windows.first, windows.last);
    }
    this.#recent = slice;
    return slice;
  }

  /** Sees to it that the windows which start from `first` to `last` close, unless they have. */
  #schedule(first: number, last: number): void {
    const { sizeMs, hopMs } = this.#grid;
    for (let start = first; start <= last; start += hopMs) {
      if (this.#revisions.has(start) || start + sizeMs <= this.time) continue;
      this.#revisions.set(start, new Map());
      this.#closing.push(start + sizeMs, start);
    }
  }

  #emitWindow(start: number): void {
    // What a result brings back may put out a slice whose figures are still to be told.
    const contents = new WindowContents<K>(this.aggregates, this.settings.evicted !== undefined);
    forEachSlice(this.#grid, start, (sliceStart) => {
      this.#slices.get(sliceStart)?.slots.forEach((slot, key) => contents.add(key, slot));
    });
    for (const content of contents.values()) {
      this.#tell(content, start, 'on-time');
      contents.close(content);
    }
    if (start + this.#grid.sizeMs + this.settings.allowedLatenessMs <= this.time)
      this.#revisions.delete(start);
  }

  /**
   * Puts together what the open windows are to tell of keys that have had values since the last early results:
   * all of it before the first is given, for results may bring values.
   */
  #queueNews(): void {
    for (const start of this.#revisions.keys()) {
      if (start + this.#grid.sizeMs <= this.time) continue;
      const slices: SliceBucket<K>[] = [];
      const news = new Set<K>();
      forEachSlice(this.#grid, start, (sliceStart) => {
        const slice = this.#slices.get(sliceStart);
        if (slice === undefined) return;
        slices.push(slice);
        for (const [key, slot] of slice.slots) if (this.aggregates.pending(slot) > 0) news.add(key);
      });
      const contents = new WindowContents<K>(this.aggregates, true);
      for (const { slots } of slices) {
        for (const [key, slot] of slots) if (news.has(key)) contents.add(key, slot);
      }
      for (const content of contents.values()) this.#news.push({ start, contents, content });
    }
    for (const { slots } of this.#slices.values()) {
      for (const slot of slots.values()) {
        if (this.settings.discarding) this.aggregates.clear(slot);
        else this.aggregates.told(slot);
      }
    }
  }

  #tellNews(): void {
    for (let next = this.#news.shift(); next !== undefined; next = this.#news.shift()) {
      this.#tell(next.content, next.start, 'early');
      next.contents.close(next.content);
    }
  }

  /** Emits anew those windows of `slice` that have closed, for they hold one more value of `key`. */
  #emitLate(slice: SliceBucket<K>, key: K, time: number): void {
    const { sizeMs, hopMs } = this.#grid;
    const { allowedLatenessMs, discarding } = this.settings;
    const { first, last } = windowsOf(this.#grid, slice);
    // Discarding, the value is all there is to tell. Counted now, as results may bring others to be read.
    const alone = discarding ? this.aggregates.open() : undefined;
    if (alone !== undefined) this.aggregates.add(alone, time);
    for (let start = first; start <= last; start += hopMs) {
      const end = start + sizeMs;
      if (end > this.time || end + allowedLatenessMs <= this.time) continue;
      if (alone !== undefined) {
        this.#tell({ key, slot: alone }, start, 'late');
        continue;
      }
      const contents = new WindowContents<K>(this.aggregates);
      forEachSlice(this.#grid, start, (sliceStart) => {
        const slot = this.#slices.get(sliceStart)?.slots.get(key);
        if (slot !== undefined) contents.add(key, slot);
      });
      const content = contents.get(key);
      if (content === undefined) continue;
      this.#tell(content, start, 'late');
      contents.close(content);
    }
    if (alone !== undefined) this.aggregates.close(alone);
  }

  #tell({ key, slot }: Pick<WindowContent<K>, 'key' | 'slot'>, start: number, timing: WindowTiming): void {
    if (this.output.closed) return;
    let revision = 0;
    if (this.#tellsOften) {
      const revisions = this.#revisionsOf(start);
      revision = revisions.get(key) ?? 0;
      revisions.set(key, revision + 1);
    }
    this.emit({ key, slot, start, end: start + this.#grid.sizeMs, revision }, timing);
  }

  /** Results so far of a window, by key. One that opens late has had none. */
  #revisionsOf(start: number): Map<K, number> {
    let revisions = this.#revisions.get(start);
    if (revisions === undefined) {
      revisions = new Map();
      this.#revisions.set(start, revisions);
    }
    return revisions;
  }

  /** Puts out the oldest slices, until no more are held than may be. */
  #evictExcess(): void {
    while (this.#open > this.settings.maxOpenWindows) {
      const slice = this.#expiring.peek();
      const first = slice?.slots.entries().next().value;
      if (slice === undefined || first === undefined) return;
      const [key, slot] = first;
      const { start, end } = slice;
      slice.slots.delete(key);
      this.#open -= 1;
      this.#forgetResults(slice, key);
      if (slice.slots.size === 0) {
        this.#expiring.pop();
        this.#drop(slice);
        this.#forgetEmpty(slice);
      }
      this.evict({ key, slot, start, end, revision: 0 });
      this.aggregates.close(slot);
    }
  }

  /** Of a key that is put out nothing is kept: what comes for it later begins anew. */
  #forgetResults(slice: SliceBucket<K>, key: K): void {
    if (!this.#tellsOften) return;
    const { first, last } = windowsOf(this.#grid, slice);
    for (let start = first; start <= last; start += this.#grid.hopMs) this.#revisions.get(start)?.delete(key);
  }

  /** Forgets the windows of a slice that was put out, if they have lost all their slices. */
  #forgetEmpty(slice: SliceBucket<K>): void {
    const { first, last } = windowsOf(this.#grid, slice);
    for (let start = first; start <= last; start += this.#grid.hopMs) {
      if (this.#isEmpty(start)) this.#revisions.delete(start);
    }
    // The slice was the oldest, so its windows are the first in the queue.
    for (;;) {
      const start = this.#closing.peek();
      if (start === undefined || !this.#isEmpty(start)) return;
      this.#closing.pop();
    }
  }

  #isEmpty(start: number): boolean {
    let empty = true;
    forEachSlice(this.#grid, start, (sliceStart) => {
      if (this.#slices.has(sliceStart)) empty = false;
    });
    return empty;
  }

  #drop(slice: SliceBucket<K>): void {
    this.#open -= slice.slots.size;
    for (const slot of slice.slots.values()) this.aggregates.close(slot);
    this.#slices.delete(slice.start);
    if (this.#recent === slice) this.#recent = undefined;
    this.resume?.close(slice.mark);
  }
}
