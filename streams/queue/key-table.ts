import { LinkedLists, none, resized } from './linked-lists.ts';
import { Slots } from './slots.ts';

/**
 * The keys that have events waiting or one running, each with its waiting events in push order.
 *
 * A key costs some 40 bytes beside its entry in the map, and is forgotten when nothing of it waits or
 * runs, so a million keys that came and went leave nothing behind. Keys are looked up in a `Map`:
 * any string is safe, `__proto__` too.
 */
export class KeyTable {
  readonly #slots = new Slots();
  readonly #slotOf = new Map<string, number>();
  #keys: (string | undefined)[] = [];
  #running = new Uint8Array(this.#slots.capacity);
  /** Four counts a key: how many of its events wait in each lane. */
  #counts = new Int32Array(this.#slots.capacity * 4);
  readonly #waiting: LinkedLists;

  constructor(nodes: number) {
    this.#waiting = new LinkedLists(this.#slots.capacity, nodes);
  }

  /** How many keys it knows. */
  get size(): number {
    return this.#slots.used;
  }

  /** The slot of a key, or `none`. */
  find(key: string): number {
    return this.#slotOf.get(key) ?? none;
  }

  /** The slot of a key, known from now on. */
  enter(key: string): number {
    const known = this.#slotOf.get(key);
    if (known !== undefined) return known;
    if (this.#slots.full) {
      this.#slots.grow();
      this.#fit();
    }
    const slot = this.#slots.take();
    this.#keys[slot] = key;
    this.#slotOf.set(key, slot);
    return slot;
  }

  /** Forgets a key if nothing of it waits or runs. */
  leave(slot: number): void {
    if (this.#running[slot] === 1 || this.#waiting.first(slot) !== none) return;
    this.#slotOf.delete(this.#keys[slot] ?? '');
    this.#keys[slot] = undefined;
    this.#slots.give(slot);
    if (this.#slots.emptied()) this.#fit();
  }

  isRunning(slot: number): boolean {
    return this.#running[slot] === 1;
  }

  setRunning(slot: number, running: boolean): void {
    this.#running[slot] = running ? 1 : 0;
  }

  /** The first waiting event of a key, or `none`. */
  head(slot: number): number {
    return this.#waiting.first(slot);
  }

  append(slot: number, node: number, lane: number): void {
    this.#waiting.append(slot, node);
    this.#count(slot, lane, 1);
  }

  prepend(slot: number, node: number, lane: number): void {
    this.#waiting.insert(slot, node, this.#waiting.first(slot));
    this.#count(slot, lane, 1);
  }

  remove(slot: number, node: number, lane: number): void {
    this.#waiting.remove(slot, node);
    this.#count(slot, lane, -1);
  }

  /** The most urgent lane that an event of the key waits in. One must wait. */
  urgency(slot: number): number {
    const base = slot * 4;
    if (this.#counts[base] !== 0) return 0;
    if (this.#counts[base + 1] !== 0) return 1;
    return this.#counts[base + 2] === 0 ? 3 : 2;
  }

  /** Makes room for `nodes` events, or gives room back. */
  fitNodes(nodes: number): void {
    this.#waiting.fitNodes(nodes);
  }

  #count(slot: number, lane: number, change: number): void {
    const index = slot * 4 + lane;
    this.#counts[index] = (this.#counts[index] ?? 0) + change;
  }

  #fit(): void {
    const { capacity } = this.#slots;
    this.#keys.length = Math.min(this.#keys.length, capacity);
    this.#running = resized(this.#running, capacity);
    this.#counts = resized(this.#counts, capacity * 4);
    this.#waiting.fitLists(capacity);
  }
}
