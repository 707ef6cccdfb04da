import type { LogBounds } from '../event-log.ts';
import { positionOf, sequenceOf } from './stream-position.ts';

/** A message of a log that holds events. */
export interface IndexedMessage {
  readonly sequence: number;
  readonly count: number;
  readonly appendedAt: number;
}

/** What a note in the log says: what was taken out, and where the log stood then. */
export interface LogNote {
  /** Positions before this one are gone. */
  readonly before?: number;
  /** Single positions that are gone. */
  readonly removed?: readonly number[];
  /** The highest position ever given out, and the time of that append: both outlive what they tell of. */
  readonly last: number;
  readonly time: number;
}

/**
 * Which positions a log holds: its messages in order, without those that were taken out.
 *
 * About 24 bytes a message. A message cannot be changed: what is taken out of its middle is a matter of notes.
 */
export class LogIndex {
  /** The last sequence of the stream that is known here. */
  lastSequence = 0;
  last = 0;
  lastTime = 0;
  #messages: IndexedMessage[] = [];
  #before = 1;
  readonly #removed = new Set<number>();

  /** A message was appended after all others. */
  add(message: IndexedMessage): void {
    this.#messages.push(message);
    this.lastSequence = Math.max(this.lastSequence, message.sequence);
    this.last = Math.max(this.last, positionOf(message.sequence, message.count - 1));
    this.lastTime = Math.max(this.lastTime, message.appendedAt);
  }

  /** A note was appended after all others. Gives the sequences of messages of which nothing is left by it. */
  note(sequence: number, { before = 1, removed = [], last, time }: LogNote): readonly number[] {
    this.lastSequence = Math.max(this.lastSequence, sequence);
    this.last = Math.max(this.last, last);
    this.lastTime = Math.max(this.lastTime, time);
    // A message of which nothing was left is gone, and its positions with it.
    for (const position of removed) if (this.has(position)) this.#removed.add(position);
    if (before > this.#before) this.#cut(before);
    return this.#emptied(removed);
  }

  /** The lowest sequence that is still needed. */
  get firstSequence(): number {
    return this.#messages[0]?.sequence ?? this.lastSequence;
  }

  bounds(): LogBounds {
    const first = this.#firstFrom(0);
    let count = 0;
    for (const message of this.#messages) count += message.count;
    const [oldest] = this.#messages;
    count -= this.#removed.size;
    // Only the first message can have lost its beginning.
    if (oldest !== undefined) count -= Math.max(0, this.#before - positionOf(oldest.sequence, 0));
    return { first, last: this.last, count };
  }

  /** The first position kept that was appended at `time` or later; `last + 1` if there is none. */
  positionAt(time: number): number {
    return this.#firstFrom(this.#search(({ appendedAt }) => appendedAt >= time));
  }

  /** Whether there is a record at a position. */
  has(position: number): boolean {
    if (position < this.#before || this.#removed.has(position)) return false;
    const message = this.#messages[this.#search(({ sequence }) => sequence >= sequenceOf(position))];
    return (
      message !== undefined &&
      position >= positionOf(message.sequence, 0) &&
      position < positionOf(message.sequence, message.count)
    );
  }

  /** Records before a position. */
  countBefore(position: number): number {
    let count = 0;
    for (const { sequence, count: size } of this.#messages) {
      if (positionOf(sequence, 0) >= position) break;
      for (let place = 0; place < size; place += 1) {
        const at = positionOf(sequence, place);
        if (at < position && this.has(at)) count += 1;
      }
    }
    return count;
  }

  /** Whether a message is one of the log's still. */
  holds(sequence: number): boolean {
    return this.#messages[this.#search((message) => message.sequence >= sequence)]?.sequence === sequence;
  }

  /** Messages that may hold positions `from` to `to`, in the order asked for, at most `limit` of them. */
  messages(from: number, to: number, newest: boolean, limit: number): readonly IndexedMessage[] {
    const start = this.#search(({ sequence, count }) => positionOf(sequence, count - 1) >= from);
    const end = this.#search(({ sequence }) => positionOf(sequence, 0) > to);
    if (newest) return this.#messages.slice(Math.max(start, end - limit), end).toReversed();
    return this.#messages.slice(start, Math.min(end, start + limit));
  }

  #cut(before: number): void {
    this.#before = before;
    for (const position of this.#removed) if (position < before) this.#removed.delete(position);
    const kept = this.#messages.findIndex(({ sequence, count }) => positionOf(sequence, count - 1) >= before);
    this.#messages = kept < 0 ? [] : this.#messages.slice(kept);
  }

  /** Sequences of messages of which nothing is left, among those of these positions; they are forgotten. */
  #emptied(positions: readonly number[]): number[] {
    const emptied: number[] = [];
    for (const sequence of new Set(positions.map((position) => sequenceOf(position)))) {
      const at = this.#search((message) => message.sequence >= sequence);
      const message = this.#messages[at];
      if (message?.sequence !== sequence || this.#hasAny(message)) continue;
      this.#messages.splice(at, 1);
      for (let place = 0; place < message.count; place += 1)
        this.#removed.delete(positionOf(sequence, place));
      emptied.push(sequence);
    }
    return emptied;
  }

  #hasAny({ sequence, count }: IndexedMessage): boolean {
    for (let place = 0; place < count; place += 1) if (this.has(positionOf(sequence, place))) return true;
    return false;
  }

  #firstFrom(start: number): number {
    for (let at = start; at < this.#messages.length; at += 1) {
      const message = this.#messages[at];
      if (message === undefined) break;
      for (let place = 0; place < message.count; place += 1) {
        const position = positionOf(message.sequence, place);
        if (position >= this.#before && !this.#removed.has(position)) return position;
      }
    }
    return this.last + 1;
  }

  /** The first place in the list of which something holds; it holds of all after it. */
  #search(holds: (message: IndexedMessage) => boolean): number {
    let low = 0;
    let high = this.#messages.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const message = this.#messages[middle];
      if (message !== undefined && holds(message)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
