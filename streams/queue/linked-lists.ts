/** No node: what `first`, `last`, `next` and `previous` give at an end. */
export const none = -1;

/**
 * Doubly linked lists over small whole numbers, so that a queue of many events is a few typed arrays and
 * the garbage collector has nothing to follow.
 *
 * A node is in at most one list at a time; the caller knows in which. All operations are O(1), but for
 * `fit`. Nothing is checked: this is the inside of a queue.
 */
export class LinkedLists {
  #first: Int32Array;
  #last: Int32Array;
  #next: Int32Array;
  #previous: Int32Array;

  constructor(lists: number, nodes: number) {
    this.#first = new Int32Array(lists).fill(none);
    this.#last = new Int32Array(lists).fill(none);
    this.#next = new Int32Array(nodes);
    this.#previous = new Int32Array(nodes);
  }

  first(list: number): number {
    return this.#first[list] as number;
  }

  last(list: number): number {
    return this.#last[list] as number;
  }

  next(node: number): number {
    return this.#next[node] as number;
  }

  previous(node: number): number {
    return this.#previous[node] as number;
  }

  append(list: number, node: number): void {
    const last = this.#last[list] as number;
    this.#previous[node] = last;
    this.#next[node] = none;
    this.#last[list] = node;
    if (last === none) this.#first[list] = node;
    else this.#next[last] = node;
  }

  /** Adds `node` before `successor`; at the end if that is `none`. */
  insert(list: number, node: number, successor: number): void {
    if (successor === none) {
      this.append(list, node);
      return;
    }
    const before = this.#previous[successor] as number;
    this.#previous[node] = before;
    this.#next[node] = successor;
    this.#previous[successor] = node;
    if (before === none) this.#first[list] = node;
    else this.#next[before] = node;
  }

  remove(list: number, node: number): void {
    const before = this.#previous[node] as number;
    const after = this.#next[node] as number;
    if (before === none) this.#first[list] = after;
    else this.#next[before] = after;
    if (after === none) this.#last[list] = before;
    else this.#previous[after] = before;
  }

  /** Makes room for `nodes` nodes, or gives room back; nodes beyond must be in no list. */
  fitNodes(nodes: number): void {
    this.#next = resized(this.#next, nodes);
    this.#previous = resized(this.#previous, nodes);
  }

  /** Makes room for `lists` lists, or gives room back; lists beyond must be empty. */
  fitLists(lists: number): void {
    const had = this.#first.length;
    this.#first = resized(this.#first, lists);
    this.#last = resized(this.#last, lists);
    if (lists > had) {
      this.#first.fill(none, had);
      this.#last.fill(none, had);
    }
  }
}

/** A copy with `length` elements: cut, or padded with zeros. */
export function resized<A extends Int32Array | Uint8Array | Float64Array>(array: A, length: number): A {
  const copy = new (array.constructor as new (length: number) => A)(length);
  copy.set(length < array.length ? array.subarray(0, length) : array);
  return copy;
}
