/** How many events lie in the last `windowMs` of one key's time. */
export interface SlidingCount {
  /** Adds `count` events of one moment. O(1) amortised while time moves on; a late one costs its lateness. */
  add(time: number, count: number): void;
  /** Counts the events with `time - their time < windowMs`: one that is exactly `windowMs` old is out. */
  countAt(time: number): number;
  /** Forgets all events. */
  clear(): void;
}

/**
 * Makes a sliding count in event time. Events of one millisecond share one entry.
 *
 * Entries are kept for twice the window, so that counts stay exact while the log steps back in time by less
 * than `windowMs`. Memory: one entry for each distinct millisecond of that span.
 */
export function createSlidingCount(windowMs: number): SlidingCount {
  // Ordered by time; entries before `first` are out of the window, and `sum` counts the others.
  const times: number[] = [];
  const counts: number[] = [];
  let first = 0;
  let sum = 0;

  function moveTo(time: number): void {
    while (first < times.length && time - (times[first] ?? 0) >= windowMs) {
      sum -= counts[first] ?? 0;
      first += 1;
    }
    while (first > 0 && time - (times[first - 1] ?? 0) < windowMs) {
      first -= 1;
      sum += counts[first] ?? 0;
    }
  }

  function forgetBefore(time: number): void {
    // A quarter of the entries at once: removing each by itself would move all others each time.
    const quarter = times.length >> 2;
    if (quarter < 16 || time - (times[quarter] ?? 0) < 2 * windowMs) return;
    times.splice(0, quarter);
    counts.splice(0, quarter);
    first -= quarter;
  }

  return {
    add(time, count) {
      if (count === 0) return;
      moveTo(time);
      let at = times.length;
      while (at > 0 && (times[at - 1] ?? 0) > time) at -= 1;
      sum += count;
      if (at > 0 && times[at - 1] === time) {
        counts[at - 1] = (counts[at - 1] ?? 0) + count;
        return;
      }
      times.splice(at, 0, time);
      counts.splice(at, 0, count);
      forgetBefore(time);
    },
    countAt(time) {
      moveTo(time);
      return sum;
    },
    clear() {
      times.length = 0;
      counts.length = 0;
      first = 0;
      sum = 0;
    },
  };
}
