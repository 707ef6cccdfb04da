/** An event that came back, and where it belongs. */
interface ReturnedEvent<T> {
  readonly item: T;
  /** Its place among the events of its lane: those with a smaller one were pushed earlier. */
  readonly place: number;
  /** From when its waiting counts. */
  readonly since: number;
}

/**
 * The events of one lane that were taken and came back, in the order in which they were pushed.
 *
 * They precede whatever the lane holds besides. Adding is a binary search and a move of the references
 * behind it; there are as many as retries that became due and were not started yet.
 */
export class ReturnedEvents<T> {
  /** Last place first, so that the next to go is popped. */
  readonly #events: ReturnedEvent<T>[] = [];

  get size(): number {
    return this.#events.length;
  }

  /** The first, which stays. */
  peekFront(): ReturnedEvent<T> | undefined {
    const count = this.#events.length;
    // Reading index -1 would cost more than all else that a take does.
    return count === 0 ? undefined : this.#events[count - 1];
  }

  /** Adds an event at its place; behind those that have the same. */
  add(item: T, place: number, since: number): void {
    const events = this.#events;
    let low = 0;
    let high = events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((events[middle]?.place ?? 0) <= place) high = middle;
      else low = middle + 1;
    }
    // Who comes before another has waited for no less, so that the first of a lane speaks for all of it.
    const after = low === 0 ? since : (events[low - 1]?.since ?? since);
    events.splice(low, 0, { item, place, since: Math.min(since, after) });
  }

  /** Removes and returns the first. */
  popFront(): ReturnedEvent<T> | undefined {
    return this.#events.pop();
  }

  /** Removes and returns the last. */
  popBack(): ReturnedEvent<T> | undefined {
    return this.#events.shift();
  }
}
