import type { LogBounds } from '../event-log.ts';
import type { Store } from '../store.ts';
import type { StartFrom } from '../start-from.ts';
import { whenCalled, whenDone } from '../when-done.ts';
import { decodeCursor, encodeCursor } from './cursor-codec.ts';
import { cursorBucket, type Placed } from './cursor-writer.ts';
import { Cursor, type CursorRecord } from './cursor.ts';

/** What wants to know where it begins. */
export interface Starting extends Placed {
  readonly durable: boolean;
  readonly from: StartFrom;
}

type Opened = (cursor: Cursor, next: number) => void;
type Failed = (error: unknown) => void;

/** Finds where subscriptions begin: where the one of that name was, or else where they ask to. */
export class LogStart {
  /** The highest position that was heard of. */
  last = 0;
  readonly #store: Store;
  readonly #ended: Map<string, Placed>;
  /** Set while the end of the log is not known yet. */
  #opening: Promise<void> | undefined;

  constructor(store: Store, ended: Map<string, Placed>) {
    this.#store = store;
    this.#ended = ended;
    const bounds = store.log.bounds();
    if (bounds instanceof Promise) this.#opening = this.#wait(bounds);
    else this.last = bounds.last;
    // Whoever subscribes hears of a failure.
    this.#opening?.catch(() => {});
  }

  async #wait(bounds: Promise<LogBounds>): Promise<void> {
    const { last } = await bounds;
    this.last = Math.max(this.last, last);
    this.#opening = undefined;
  }

  /** The end of the log is not known yet. */
  get opening(): boolean {
    return this.#opening !== undefined;
  }

  find(starting: Starting, opened: Opened, failed: Failed): void {
    if (this.#opening !== undefined && this.last === 0) {
      // Nothing was appended since it was asked for: the end is still that of this moment.
      whenDone(this.#opening, () => this.#findNow(starting, opened, failed), failed);
    } else this.#findNow(starting, opened, failed);
  }

  #findNow(starting: Starting, opened: Opened, failed: Failed): void {
    const { name, durable } = starting;
    const now = this.last;
    if (!durable) {
      this.#begin(starting, now, opened, failed);
      return;
    }
    const before = this.#ended.get(name)?.place();
    if (before !== undefined) {
      this.#ended.delete(name);
      goOn(before, opened);
      return;
    }
    whenCalled(
      () => this.#store.snapshots.read(cursorBucket, name),
      (snapshot) => {
        if (snapshot === undefined) {
          this.#begin(starting, now, opened, failed);
          return;
        }
        let record: CursorRecord;
        try {
          record = decodeCursor(name, snapshot.value);
        } catch (error) {
          failed(error);
          return;
        }
        goOn(record, opened);
      },
      failed,
    );
  }

  #begin({ name, durable, from }: Starting, now: number, opened: Opened, failed: Failed): void {
    const begin = (next: number): void => {
      const place = { position: next - 1, open: [], ahead: [] };
      // At once, and so before whatever is appended from now on: after a crash a place that was never written would
      // begin behind events that were accepted meanwhile. Should it fail, it is written again as it moves.
      if (durable) {
        const write = { bucket: cursorBucket, key: name, value: encodeCursor(place) };
        whenCalled(() => this.#store.commit({ writes: [write] }), nothing, nothing);
      }
      opened(new Cursor(place), next);
    };
    if (from === 'now') begin(now + 1);
    else if (from === 'start') begin(1);
    else if ('position' in from) begin(from.position);
    else whenCalled(() => this.#store.log.positionAt(from.time), begin, failed);
  }
}

function goOn(record: CursorRecord, opened: Opened): void {
  opened(new Cursor(record), record.position + 1);
}

function nothing(): void {}
