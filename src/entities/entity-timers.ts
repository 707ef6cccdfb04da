import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import { TimeHeap } from '../../streams/queue/time-heap.ts';
import type { SnapshotStore } from '../snapshot-store.ts';

/** How many entries of the index are read at a time. */
const page = 1_024;
/** How many are held before the later half is left to the index. */
const mostHeld = 65_536;
/** The wall clock may be set while a timer waits: it looks again after so long. */
const longestWaitMs = 60_000;
/** Digits of a moment in the index, so that the order of texts is that of time. */
const digits = 16;

/** The key of the index's entry. A moment is rounded up: an entry is never early for its timer. */
export function dueKey(due: number, key: string): string {
  return `${String(Math.ceil(due)).padStart(digits, '0')}:${key}`;
}

export interface EntityTimersPorts {
  readonly clock: Clock;
  readonly store: SnapshotStore;
  readonly bucket: string;
  /** Something is due. */
  readonly onDue: () => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Knows which entities have timers that are due, without having them in memory.
 *
 *     index in the store   0001704067200000:42   0001704067500000:7   …   0001704153600000:9
 *     held in a heap       └────────── up to the horizon ──────────┘
 *
 * Entries may be too early, or of timers that are gone: who is woken looks for itself.
 */
export class EntityTimers {
  readonly #ports: EntityTimersPorts;
  #heap = new TimeHeap<string>();
  /** Entries up to this moment are held; -1 before the first look at the index. */
  #horizon = -1;
  /** Where the next page of the index begins. */
  #after = '';
  #loading = false;
  /** Set while a page is read, so that it does not miss them. */
  #meanwhile: { readonly key: string; readonly due: number }[] = [];
  #timer: TimerHandle;
  #armedFor = Infinity;
  #closed = false;

  constructor(ports: EntityTimersPorts) {
    this.#ports = ports;
  }

  /** Begins anew with what the index says. */
  async reload(): Promise<void> {
    this.#heap.clear();
    this.#horizon = -1;
    this.#after = '';
    await this.#load();
  }

  /** The index has an entry for that moment now. */
  set(key: string, due: number): void {
    if (this.#loading) this.#meanwhile.push({ key, due });
    if (due > this.#horizon) return;
    this.#heap.push(due, key);
    if (this.#heap.size > mostHeld) this.#shrink();
    this.#arm();
  }

  /** Takes the key of an entity whose entry is due. */
  take(now: number): string | undefined {
    if (this.#heap.nextTime > now) {
      if (this.#heap.size === 0) this.#refill();
      else this.#arm();
      return undefined;
    }
    return this.#heap.pop();
  }

  close(): void {
    this.#closed = true;
    this.#ports.clock.clearTimeout(this.#timer);
  }

  #refill(): void {
    if (this.#loading || this.#horizon === Infinity || this.#horizon < 0) return;
    this.#load().catch(this.#ports.onError);
  }

  async #load(): Promise<void> {
    const { store, bucket } = this.#ports;
    this.#loading = true;
    try {
      const after = this.#after;
      const entries = await store.list(bucket, after === '' ? { limit: page } : { after, limit: page });
      for (const { key } of entries) this.#heap.push(Number(key.slice(0, digits)), key.slice(digits + 1));
      const last = entries.at(-1);
      const ended = last === undefined || entries.length < page;
      this.#horizon = ended ? Infinity : Number(last.key.slice(0, digits));
      if (last !== undefined) this.#after = last.key;
    } finally {
      this.#loading = false;
    }
    const meanwhile = this.#meanwhile;
    this.#meanwhile = [];
    for (const { key, due } of meanwhile) this.set(key, due);
    this.#arm();
  }

  /** Leaves the later half to the index, whose entries are all committed. */
  #shrink(): void {
    const kept = new TimeHeap<string>();
    let last = 0;
    while (kept.size < mostHeld / 2 || this.#heap.nextTime === last) {
      last = this.#heap.nextTime;
      kept.push(last, this.#heap.pop() as string);
    }
    if (this.#heap.size > 0) {
      this.#horizon = last;
      this.#after = dueKey(last + 1, '');
    }
    this.#heap = kept;
  }

  #arm(): void {
    const due = this.#heap.nextTime;
    if (this.#closed || due === Infinity || due >= this.#armedFor) return;
    const { clock } = this.#ports;
    clock.clearTimeout(this.#timer);
    this.#armedFor = due;
    const waitMs = Math.min(longestWaitMs, Math.max(0, due - clock.now()));
    this.#timer = clock.setTimeout(this.#wake, waitMs, true);
  }

  readonly #wake = (): void => {
    this.#armedFor = Infinity;
    this.#ports.onDue();
  };
}
