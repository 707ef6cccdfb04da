import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import type { Store } from '../store.ts';
import type { SnapshotWrite } from '../snapshot-store.ts';
import { whenCalled } from '../when-done.ts';
import { encodeCursor } from './cursor-codec.ts';
import type { CursorRecord } from './cursor.ts';

/** The bucket of the store in which places are kept, by subscription name. */
export const cursorBucket = 'cursors';

/** What has a place in the log. */
export interface Placed {
  readonly name: string;
  /** Undefined while it is not known. */
  place(): CursorRecord | undefined;
}

/**
 * Writes the places of subscriptions, all that changed in one commit, at most once an interval.
 *
 * A place that is written late makes events come twice after a crash, never not at all. A write that fails is made
 * again with the next one.
 */
export class CursorWriter {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #changed = new Set<Placed>();
  #timer: TimerHandle;
  #writing: Promise<void> | undefined;

  constructor(store: Store, clock: Clock, intervalMs: number) {
    this.#store = store;
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  /** A place has changed. */
  add(placed: Placed): void {
    this.#changed.add(placed);
    if (this.#timer === undefined) this.#arm();
  }

  /** Its place is not to be written any more. */
  drop(placed: Placed): void {
    this.#changed.delete(placed);
  }

  /** Removes a place that was written. @throws StorageError */
  async erase(name: string): Promise<void> {
    await this.#writing;
    await this.#store.commit({ writes: [{ bucket: cursorBucket, key: name, value: undefined }] });
  }

  /** Writes all that has changed now. @throws StorageError */
  async flush(): Promise<void> {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#writing;
    const changed = [...this.#changed];
    this.#changed.clear();
    const writes = changed.flatMap(asWrite);
    if (writes.length > 0) await this.#store.commit({ writes });
  }

  #arm(): void {
    this.#timer = this.#clock.setTimeout(this.#write, this.#intervalMs, true);
  }

  readonly #write = (): void => {
    this.#timer = undefined;
    const changed = [...this.#changed];
    this.#changed.clear();
    const writes = changed.flatMap(asWrite);
    if (writes.length === 0) return;
    let finished = (): void => {};
    this.#writing = new Promise((resolve) => {
      finished = resolve;
    });
    const done = (): void => {
      this.#writing = undefined;
      finished();
      if (this.#changed.size > 0 && this.#timer === undefined) this.#arm();
    };
    whenCalled(
      () => this.#store.commit({ writes }),
      done,
      () => {
        for (const placed of changed) this.#changed.add(placed);
        done();
      },
    );
  };
}

function asWrite(placed: Placed): SnapshotWrite[] {
  const record = placed.place();
  return record === undefined
    ? []
    : [{ bucket: cursorBucket, key: placed.name, value: encodeCursor(record) }];
}
