/** Positions that ascend; the oldest are forgotten one by one. */
class Positions {
  readonly at: number[];
  start = 0;

  constructor(first: number, second: number) {
    this.at = [first, second];
  }
}

/** Where the events of each key stand, in ascending order. Most keys have one event: those take no list. */
export class PositionIndex {
  readonly #places = new Map<string, number | Positions>();

  add(key: string, position: number): void {
    const found = this.#places.get(key);
    if (found === undefined) this.#places.set(key, position);
    else if (typeof found === 'number') this.#places.set(key, new Positions(found, position));
    else found.at.push(position);
  }

  /** Forgets one position. O(1) for the oldest of its key, else O(events of the key). */
  remove(key: string, position: number): void {
    const found = this.#places.get(key);
    if (found === undefined) return;
    if (typeof found === 'number') {
      if (found === position) this.#places.delete(key);
      return;
    }
    const at = lowerBound(found.at, found.start, position);
    if (found.at[at] !== position) return;
    if (at === found.start) found.start += 1;
    else found.at.splice(at, 1);
    if (found.start === found.at.length) this.#places.delete(key);
    else if (found.start > 1_024 && found.start * 2 > found.at.length) {
      found.at.splice(0, found.start);
      found.start = 0;
    }
  }

  /** How many positions the key has. */
  count(key: string): number {
    const found = this.#places.get(key);
    if (found === undefined) return 0;
    return typeof found === 'number' ? 1 : found.at.length - found.start;
  }

  /** The first position of the key at `position` or after; undefined when there is none. */
  atOrAfter(key: string, position: number): number | undefined {
    const found = this.#places.get(key);
    if (found === undefined) return undefined;
    if (typeof found === 'number') return found >= position ? found : undefined;
    return found.at[lowerBound(found.at, found.start, position)];
  }

  /** The last position of the key at `position` or before; undefined when there is none. */
  atOrBefore(key: string, position: number): number | undefined {
    const found = this.#places.get(key);
    if (found === undefined) return undefined;
    if (typeof found === 'number') return found <= position ? found : undefined;
    const at = lowerBound(found.at, found.start, position + 1) - 1;
    return at < found.start ? undefined : found.at[at];
  }
}

/** The first place from `start` on whose value is `value` or more. */
function lowerBound(values: readonly number[], start: number, value: number): number {
  let low = start;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? Infinity) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
