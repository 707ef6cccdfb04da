import { RingBuffer } from './ring-buffer.ts';

interface Waiter {
  /** How many of its events are still over capacity. */
  remaining: number;
  /** Absent once called or cancelled. */
  admitted: (() => void) | undefined;
}

function nothing(): void {}

/**
 * Publishers that wait for room, first come first served within a lane.
 *
 * A waiter that gave up stays where it was, without its callback, until its turn comes: there are never
 * more waiters than events that were let in over capacity.
 */
export class Admission {
  readonly #lanes: readonly RingBuffer<Waiter>[] = [
    new RingBuffer(),
    new RingBuffer(),
    new RingBuffer(),
    new RingBuffer(),
  ];
  #remaining = 0;

  /** How many blocked events are waited for. */
  get remaining(): number {
    return this.#remaining;
  }

  /** Calls `admitted` once `count` events have been admitted; returns what makes it forget. */
  wait(lane: number, count: number, admitted: () => void): () => void {
    if (count <= 0) {
      admitted();
      return nothing;
    }
    const waiter: Waiter = { remaining: count, admitted };
    this.#lanes[lane]?.pushBack(waiter);
    this.#remaining += count;
    return () => {
      if (waiter.admitted === undefined) return;
      waiter.admitted = undefined;
      this.#remaining -= waiter.remaining;
    };
  }

  /** Admits one event: of the oldest waiter of `lane`, else of the most urgent lane that has one. */
  admit(lane: number): void {
    if (this.#remaining === 0 || this.#admitIn(lane)) return;
    for (let other = 0; other < 4; other += 1) if (this.#admitIn(other)) return;
  }

  #admitIn(lane: number): boolean {
    const waiters = this.#lanes[lane];
    if (waiters === undefined) return false;
    for (let waiter = waiters.peekFront(); waiter !== undefined; waiter = waiters.peekFront()) {
      const { admitted } = waiter;
      if (admitted !== undefined) {
        waiter.remaining -= 1;
        this.#remaining -= 1;
        if (waiter.remaining > 0) return true;
      }
      waiters.popFront();
      if (admitted === undefined) continue;
      admitted();
      return true;
    }
    return false;
  }
}
