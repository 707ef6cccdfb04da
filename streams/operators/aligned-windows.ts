import type { Subscriber } from 'rxjs';
import type { Clock } from '../event/clock.ts';
import type { Bucket, Pane } from '../windows/pane.ts';
import type { OpenMark } from '../windows/resume-tracker.ts';
import { TimeHeap } from '../windows/time-heap.ts';
import type { Watermark } from './watermark.ts';
import type { WindowSettings } from './window-options.ts';
import type { WindowKey, WindowResult } from './window-result.ts';
import { WindowStage } from './window-stage.ts';

/** How windows lie in time. */
export interface WindowGrid {
  readonly sizeMs: number;
  /** From the start of one to the start of the next. */
  readonly hopMs: number;
  /** Where one of them starts. */
  readonly offsetMs: number;
}

type AlignedBucket<K> = Bucket<K, Pane<K>, OpenMark | undefined>;

/**
 * Windows of one length at even distances, each with a state of its own for each key.
 *
 * A value is added to every window it lies in: O(size / hop). A bucket holds the panes of one window; it
 * waits in `closing` until the watermark passes its end, then in `retained` while late values may come.
 */
export class AlignedWindows<T, R, K extends WindowKey> extends WindowStage<T, R, K> {
  readonly #grid: WindowGrid;
  readonly #buckets = new Map<number, AlignedBucket<K>>();
  readonly #closing = new TimeHeap<AlignedBucket<K>>();
  readonly #retained = new TimeHeap<AlignedBucket<K>>();
  /** The bucket of the last value: most values go where the one before went. */
  #recent: AlignedBucket<K> | undefined;
  /** Panes that the value now being taken makes give a result. */
  #due: [AlignedBucket<K>, Pane<K>][] = [];
  /** Panes whose early results wait for the end of a burst. */
  #waiting = new Map<Pane<K>, AlignedBucket<K>>();
  #open = 0;

  constructor(
    settings: WindowSettings<T, R, K>,
    output: Subscriber<WindowResult<K, R> | Watermark>,
    grid: WindowGrid,
  ) {
    super(settings, output);
    this.#grid = grid;
  }

  protected override take(key: K, time: number): boolean {
    const { sizeMs, hopMs, offsetMs } = this.#grid;
    const { allowedLatenessMs } = this.settings;
    const lastStart = Math.floor((time - offsetMs) / hopMs) * hopMs + offsetMs;
    const earlier = sizeMs === hopMs ? 0 : Math.ceil((lastStart - time + sizeMs) / hopMs) - 1;
    let taken = false;
    for (let start = lastStart - earlier * hopMs; start <= lastStart; start += hopMs) {
      if (start + sizeMs + allowedLatenessMs <= this.time) continue;
      taken = true;
      this.#add(start, key, time);
    }
    if (this.#due.length > 0) this.#emitDue();
    if (this.#open > this.settings.maxOpenWindows) this.#evictExcess();
    return taken;
  }

  protected override close(): void {
    const { allowedLatenessMs } = this.settings;
    while (this.#closing.nextTime <= this.time) {
      const bucket = this.#closing.pop();
      if (bucket === undefined) break;
      for (const pane of bucket.panes.values()) {
        if (this.output.closed) return;
        this.emit(pane, bucket.start, bucket.end, 'on-time');
        this.#emitted(pane);
      }
      if (bucket.end + allowedLatenessMs <= this.time) this.#drop(bucket);
      else this.#retained.push(bucket.end + allowedLatenessMs, bucket);
    }
    while (this.#retained.nextTime <= this.time) {
      const bucket = this.#retained.pop();
      if (bucket === undefined) break;
      this.#drop(bucket);
    }
  }

  protected override fireEarly(): void {
    for (const bucket of this.#buckets.values()) {
      if (bucket.end <= this.time) continue;
      for (const pane of bucket.panes.values()) {
        if (this.output.closed) return;
        if (pane.pending === 0) continue;
        this.emit(pane, bucket.start, bucket.end, 'early');
        this.#emitted(pane);
      }
    }
  }

  protected override endBurst(): void {
    this.#due = [...this.#waiting].map(([pane, bucket]) => [bucket, pane]);
    this.#waiting = new Map();
    this.#emitDue();
  }

  #emitDue(): void {
    const due = this.#due;
    this.#due = [];
    for (const [bucket, pane] of due) {
      // What waited for the end of a burst may have been told on time, or put out, before that.
      if (pane.pending === 0 || bucket.panes.get(pane.key) !== pane) continue;
      this.emit(pane, bucket.start, bucket.end, bucket.end <= this.time ? 'late' : 'early');
      this.#emitted(pane);
    }
  }

  #add(start: number, key: K, time: number): void {
    const recent = this.#recent;
    const bucket = recent !== undefined && recent.start === start ? recent : this.#bucketAt(start);
    let pane = bucket.panes.get(key);
    if (pane === undefined) {
      pane = { key, states: this.aggregates.create(), pending: 0, revision: 0 };
      bucket.panes.set(key, pane);
      this.#open += 1;
    }
    this.aggregates.add(pane.states, time);
    pane.pending += 1;
    if (bucket.end <= this.time) {
      this.#due.push([bucket, pane]);
    } else if (pane.pending >= this.settings.everyCount) {
      if (this.burst === undefined) this.#due.push([bucket, pane]);
      else this.#awaitBurst(bucket, pane, this.burst);
    }
  }

  #awaitBurst(bucket: AlignedBucket<K>, pane: Pane<K>, burst: Clock): void {
    this.#waiting.set(pane, bucket);
    this.awaitBurst(burst);
  }

  #bucketAt(start: number): AlignedBucket<K> {
    let bucket = this.#buckets.get(start);
    if (bucket === undefined) {
      const end = start + this.#grid.sizeMs;
      bucket = { start, end, panes: new Map(), mark: this.resume?.open() };
      this.#buckets.set(start, bucket);
      if (end <= this.time) this.#retained.push(end + this.settings.allowedLatenessMs, bucket);
      else this.#closing.push(end, bucket);
    }
    this.#recent = bucket;
    return bucket;
  }

  #emitted(pane: Pane<K>): void {
    pane.pending = 0;
    if (this.settings.discarding) pane.states = this.aggregates.create();
  }

  /** Puts out the windows that close first, until no more are open than may be. */
  #evictExcess(): void {
    while (this.#open > this.settings.maxOpenWindows) {
      const heap = this.#retained.size > 0 ? this.#retained : this.#closing;
      const bucket = heap.peek();
      const pane = bucket?.panes.values().next().value;
      if (bucket === undefined || pane === undefined) return;
      bucket.panes.delete(pane.key);
      this.#open -= 1;
      if (bucket.panes.size === 0) {
        heap.pop();
        this.#drop(bucket);
      }
      this.evict(pane, bucket.start, bucket.end);
    }
  }

  #drop(bucket: AlignedBucket<K>): void {
    this.#open -= bucket.panes.size;
    this.#buckets.delete(bucket.start);
    if (this.#recent === bucket) this.#recent = undefined;
    if (bucket.mark !== undefined) this.resume?.close(bucket.mark);
  }
}
