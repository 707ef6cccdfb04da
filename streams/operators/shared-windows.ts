import type { Subscriber } from 'rxjs';
import type { Bucket } from '../windows/bucket.ts';
import type { OpenMark } from '../windows/resume-tracker.ts';
import { forEachSlice, sliceAt, type SliceGrid, windowsOf } from '../windows/slices.ts';
import { TimeHeap } from '../queue/time-heap.ts';
import type { Watermark } from './watermark.ts';
import type { WindowSettings } from './window-options.ts';
import type { WindowKey, WindowResult, WindowTiming } from './window-result.ts';
import { WindowStage } from './window-stage.ts';

type SliceBucket<K> = Bucket<K, OpenMark | undefined>;

/** A window's content while it is put together. */
interface Merging<K> {
  readonly key: K;
  slot: number;
  /** Whether `slot` is its own, not that of its first slice. */
  own: boolean;
}

/**
 * Overlapping windows that share slices: a value is added once, however many windows it lies in, and a
 * window is merged from its slices when it closes.
 *
 * A slice is kept until the last of its windows can no longer change. Windows have no state of their own, so
 * they cannot give early results nor leave out what they have told; `AlignedWindows` can.
 */
export class SharedWindows<T, R, K extends WindowKey> extends WindowStage<T, R, K> {
  readonly #grid: SliceGrid;
  readonly #slices = new Map<number, SliceBucket<K>>();
  /** Slices by when the last of their windows is done with. */
  readonly #expiring = new TimeHeap<SliceBucket<K>>();
  /** Starts of the windows that are to close, by their ends. */
  readonly #closing = new TimeHeap<number>();
  /** Which windows are in `#closing`; and, while late values may come, how many results each key had. */
  readonly #revisions = new Map<number, Map<K, number>>();
  #recent: SliceBucket<K> | undefined;
  #open = 0;

  constructor(
    settings: WindowSettings<T, R, K>,
    output: Subscriber<WindowResult<K, R> | Watermark>,
    grid: SliceGrid,
  ) {
    super(settings, output);
    this.#grid = grid;
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
    if (slice.end <= this.time && this.settings.allowedLatenessMs > 0) this.#emitLate(slice, key);
    if (this.#open > this.settings.maxOpenWindows) this.#evictExcess();
    return true;
  }

  protected override close(): void {
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
    // Early results need windows with a state of their own.
  }

  protected override endBurst(): void {
    // As above: nothing waits.
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
    const end = start + this.#grid.sizeMs;
    const { allowedLatenessMs } = this.settings;
    const contents = new Map<K, Merging<K>>();
    forEachSlice(this.#grid, start, (sliceStart) => {
      this.#slices.get(sliceStart)?.slots.forEach((slot, key) => this.#mergeInto(contents, key, slot));
    });
    const done = end + allowedLatenessMs <= this.time;
    const revisions = this.#revisions.get(start);
    if (done) this.#revisions.delete(start);
    for (const content of contents.values()) {
      if (!done) revisions?.set(content.key, 1);
      this.#tell(content, start, 0, 'on-time');
    }
  }

  /** Emits anew those windows of `slice` that have closed, for they hold one more value of `key`. */
  #emitLate(slice: SliceBucket<K>, key: K): void {
    const { sizeMs, hopMs } = this.#grid;
    const { allowedLatenessMs } = this.settings;
    const { first, last } = windowsOf(this.#grid, slice);
    for (let start = first; start <= last; start += hopMs) {
      const end = start + sizeMs;
      if (end > this.time || end + allowedLatenessMs <= this.time) continue;
      const contents = new Map<K, Merging<K>>();
      forEachSlice(this.#grid, start, (sliceStart) => {
        const slot = this.#slices.get(sliceStart)?.slots.get(key);
        if (slot !== undefined) this.#mergeInto(contents, key, slot);
      });
      const content = contents.get(key);
      if (content === undefined) continue;
      const revisions = this.#revisionsOf(start);
      const revision = revisions.get(key) ?? 0;
      revisions.set(key, revision + 1);
      this.#tell(content, start, revision, 'late');
    }
  }

  #tell({ key, slot, own }: Merging<K>, start: number, revision: number, timing: WindowTiming): void {
    const end = start + this.#grid.sizeMs;
    if (!this.output.closed) this.emit({ key, slot, start, end, revision }, timing);
    if (own) this.aggregates.close(slot);
  }

  /** Results so far of a window that has closed. One that opens late has had none. */
  #revisionsOf(start: number): Map<K, number> {
    let revisions = this.#revisions.get(start);
    if (revisions === undefined) {
      revisions = new Map();
      this.#revisions.set(start, revisions);
    }
    return revisions;
  }

  #mergeInto(contents: Map<K, Merging<K>>, key: K, slot: number): void {
    const content = contents.get(key);
    if (content === undefined) {
      contents.set(key, { key, slot, own: false });
      return;
    }
    if (!content.own) {
      // The slice goes on being shared: what is merged must be a copy.
      const copy = this.aggregates.open();
      this.aggregates.merge(copy, content.slot);
      content.slot = copy;
      content.own = true;
    }
    this.aggregates.merge(content.slot, slot);
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
    if (this.settings.allowedLatenessMs === 0) return;
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
    if (slice.mark !== undefined) this.resume?.close(slice.mark);
  }
}
