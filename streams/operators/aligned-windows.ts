import type { Subscriber } from 'rxjs';
import type { Clock } from '../event/clock.ts';
import type { Bucket } from '../windows/bucket.ts';
import type { OpenMark } from '../windows/resume-tracker.ts';
import { TimeHeap } from '../queue/time-heap.ts';
import type { Watermark } from './watermark.ts';
import type { WindowSettings } from './window-options.ts';
import type { WindowKey, WindowResult, WindowTiming } from './window-result.ts';
import { WindowStage } from './window-stage.ts';

/** How windows lie in time. */
export interface WindowGrid {
  readonly sizeMs: number;
  /** From the start of one to the start of the next. */
  readonly hopMs: number;
  /** Where one of them starts. */
  readonly offsetMs: number;
}

type AlignedBucket<K> = Bucket<K, OpenMark | undefined>;

/** A window that is to give a result. */
interface Due<K> {
  readonly bucket: AlignedBucket<K>;
  readonly key: K;
  readonly slot: number;
}

/** With so many keys in a bucket, their entries and figures no longer lie in the nearer caches. */
const manyKeys = 16_384;
const heldAtMost = 64;

/**
 * Windows of one length at even distances, each with a state of its own for each key.
 *
 * A value is added to every window it lies in: O(size / hop). A bucket holds the slots of one window; it
 * waits in `closing` until the watermark passes its end, then in `retained` while late values may come.
 *
 * In a bucket of many keys each value is a wait for memory, for its entry and for its figures. So a few values
 * are held there and added together, which makes one wait of many; before anything is told, they are in.
 */
export class AlignedWindows<T, R, K extends WindowKey> extends WindowStage<T, R, K> {
  readonly #grid: WindowGrid;
  readonly #buckets = new Map<number, AlignedBucket<K>>();
  readonly #closing = new TimeHeap<AlignedBucket<K>>();
  readonly #retained = new TimeHeap<AlignedBucket<K>>();
  /** The bucket of the last value: most values go where the one before went. */
  #recent: AlignedBucket<K> | undefined;
  /** Windows that the value now being taken makes give a result. */
  #due: Due<K>[] = [];
  /** Windows whose early results wait for the end of a burst, by slot. */
  #waiting = new Map<number, Due<K>>();
  #open = 0;
  /** Values that wait to be added, all to the bucket of the last value. */
  readonly #heldKeys: K[] = [];
  readonly #heldTimes = new Float64Array(heldAtMost);
  readonly #heldSlots = new Int32Array(heldAtMost);
  #held = 0;

  constructor(
    settings: WindowSettings<T, R, K>,
    output: Subscriber<WindowResult<K, R> | Watermark>,
    grid: WindowGrid,
  ) {
    super(settings, output);
    this.#grid = grid;
  }

  protected override take(key: K, time: number): boolean {
    if (this.#canWait(time)) {
      this.#hold(key, time);
      return true;
    }
    if (this.#held > 0) this.#addHeld();
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
    if (this.#closing.nextTime <= this.time) this.#addHeld();
    while (this.#closing.nextTime <= this.time) {
      const bucket = this.#closing.pop();
      if (bucket === undefined) break;
      for (const [key, slot] of bucket.slots) {
        if (this.output.closed) return;
        this.#tell(bucket, key, slot, 'on-time');
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
    this.#addHeld();
    for (const bucket of this.#buckets.values()) {
      if (bucket.end <= this.time) continue;
      for (const [key, slot] of bucket.slots) {
        if (this.output.closed) return;
        if (this.aggregates.pending(slot) > 0) this.#tell(bucket, key, slot, 'early');
      }
    }
  }

  protected override endBurst(): void {
    this.#due = [...this.#waiting.values()];
    this.#waiting = new Map();
    this.#emitDue();
  }

  /** Whether a value may wait: it goes where the one before went, and makes nothing give a result. */
  #canWait(time: number): boolean {
    const recent = this.#recent;
    return (
      recent !== undefined &&
      recent.slots.size >= manyKeys &&
      time >= recent.start &&
      time < recent.end &&
      recent.end > this.time &&
      this.settings.everyCount === Infinity &&
      this.#open + heldAtMost <= this.settings.maxOpenWindows
    );
  }

  #hold(key: K, time: number): void {
    const place = this.#held;
    this.#heldKeys[place] = key;
    this.#heldTimes[place] = time;
    this.aggregates.keep(place);
    this.#held = place + 1;
    if (this.#held === heldAtMost) this.#addHeld();
  }

  #addHeld(): void {
    const count = this.#held;
    this.#held = 0;
    const slots = this.#recent?.slots;
    if (slots === undefined) return;
    for (let place = 0; place < count; place += 1) {
      // One for each place up to `count`.
      const key = this.#heldKeys[place] as K;
      let slot = slots.get(key);
      if (slot === undefined) {
        slot = this.aggregates.open();
        slots.set(key, slot);
        this.#open += 1;
      }
      this.#heldSlots[place] = slot;
    }
    this.aggregates.addKept(this.#heldSlots, this.#heldTimes, count);
  }

  #emitDue(): void {
    const due = this.#due;
    this.#due = [];
    for (const { bucket, key, slot } of due) {
      // What waited for the end of a burst may have been told on time, or put out, before that.
      if (bucket.slots.get(key) !== slot || this.aggregates.pending(slot) === 0) continue;
      this.#tell(bucket, key, slot, bucket.end <= this.time ? 'late' : 'early');
    }
  }

  #tell(bucket: AlignedBucket<K>, key: K, slot: number, timing: WindowTiming): void {
    const { start, end } = bucket;
    const revision = this.aggregates.revision(slot);
    this.aggregates.told(slot);
    this.emit({ key, slot, start, end, revision }, timing);
    if (this.settings.discarding) this.aggregates.clear(slot);
  }

  #add(start: number, key: K, time: number): void {
    const recent = this.#recent;
    const bucket = recent !== undefined && recent.start === start ? recent : this.#bucketAt(start);
    let slot = bucket.slots.get(key);
    if (slot === undefined) {
      slot = this.aggregates.open();
      bucket.slots.set(key, slot);
      this.#open += 1;
    }
    const pending = this.aggregates.add(slot, time);
    if (bucket.end <= this.time) {
      this.#due.push({ bucket, key, slot });
    } else if (pending >= this.settings.everyCount) {
      if (this.burst === undefined) this.#due.push({ bucket, key, slot });
      else this.#awaitBurst({ bucket, key, slot }, this.burst);
    }
  }

  #awaitBurst(due: Due<K>, burst: Clock): void {
    this.#waiting.set(due.slot, due);
    this.awaitBurst(burst);
  }

  #bucketAt(start: number): AlignedBucket<K> {
    let bucket = this.#buckets.get(start);
    if (bucket === undefined) {
      const end = start + this.#grid.sizeMs;
      bucket = { start, end, slots: new Map(), mark: this.resume?.open() };
      this.#buckets.set(start, bucket);
      if (end <= this.time) this.#retained.push(end + this.settings.allowedLatenessMs, bucket);
      else this.#closing.push(end, bucket);
    }
    this.#recent = bucket;
    return bucket;
  }

  /** Puts out the windows that close first, until no more are open than may be. */
  #evictExcess(): void {
    while (this.#open > this.settings.maxOpenWindows) {
      const heap = this.#retained.size > 0 ? this.#retained : this.#closing;
      const bucket = heap.peek();
      const first = bucket?.slots.entries().next().value;
      if (bucket === undefined || first === undefined) return;
      const [key, slot] = first;
      const { start, end } = bucket;
      bucket.slots.delete(key);
      this.#open -= 1;
      if (bucket.slots.size === 0) {
        heap.pop();
        this.#drop(bucket);
      }
      this.evict({ key, slot, start, end, revision: this.aggregates.revision(slot) });
      this.aggregates.close(slot);
    }
  }

  #drop(bucket: AlignedBucket<K>): void {
    this.#open -= bucket.slots.size;
    for (const slot of bucket.slots.values()) this.aggregates.close(slot);
    // What waits for the end of a burst looks here whether its slot is still its own.
    bucket.slots.clear();
    this.#buckets.delete(bucket.start);
    if (this.#recent === bucket) this.#recent = undefined;
    this.resume?.close(bucket.mark);
  }
}
