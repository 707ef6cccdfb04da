import type { Aging } from './aging.ts';
import { KeyTable } from './key-table.ts';
import type { LaneRounds } from './lane-rounds.ts';
import { LinkedLists, none, resized } from './linked-lists.ts';
import type { PlacedLaneQueue } from './placed-lane-queue.ts';
import { ReadyLanes } from './ready-lanes.ts';
import { Slots } from './slots.ts';

/** Lists 0 to 3 hold the events of a lane that never left, 4 to 7 those that came back. */
const returned = 4;

/**
 * Four lanes in which events that share a key run one at a time, in push order (order `key`, `total`).
 *
 *     ready, by lane:   [a1] [·] [b1]        what may start: heads of open keys, events without a key
 *     keys:             a: a1 a2 a3   b: b1   c (running): c2
 *
 * Each open key is ready once, at the end of the most urgent lane that any of its waiting events is in: a
 * waiting urgent event lifts its predecessors (priority inheritance). Taking a key's head closes the key;
 * `release` opens it at the end of its lane, so that keys take turns, `restore` at the front. A closed
 * key holds back nothing but itself.
 *
 * Push, take, release and both evictions are O(1) amortised; `restore` also steps over events that came
 * back before. An event costs 50 to 75 bytes, a key 40 to 60 and its map entry; both go when the queue runs
 * empty. With aging, waiting counts from when an event could have started, not while its key was closed,
 * by the latest time that the queue was told.
 */
export class KeyedLaneQueue<T> implements PlacedLaneQueue<T> {
  /** The lane, as pushed, of the event that `take` gave last. */
  takenLane = 0;
  /** The place in its lane of the event that `take` gave last. */
  takenPlace = 0;
  /** The lane, as pushed, of the event that `evictOldest` gave last. */
  evictedLane = 0;
  readonly #total: boolean;
  readonly #nodes = new Slots();
  readonly #keys = new KeyTable(this.#nodes.capacity);
  readonly #byLane = new LinkedLists(2 * returned, this.#nodes.capacity);
  readonly #ready: ReadyLanes;
  readonly #depths = new Int32Array(4);
  /** The place of the event taken last, by lane. */
  readonly #latest = new Float64Array(4);
  #items: (T | undefined)[] = [];
  /** A node's list in `#byLane`. */
  #homes = new Uint8Array(this.#nodes.capacity);
  /** The slot of a node's key, or `none`. */
  #owners = new Int32Array(this.#nodes.capacity);
  #sequences = new Float64Array(this.#nodes.capacity);
  #sequence = 0;
  #now = 0;

  constructor(rounds: LaneRounds, aging: Aging | undefined, total: boolean) {
    this.#total = total;
    this.#ready = new ReadyLanes(rounds, aging, this.#nodes.capacity);
  }

  get size(): number {
    return this.#nodes.used;
  }

  /** How many keys have something waiting or running. */
  get keys(): number {
    return this.#keys.size;
  }

  depth(lane: number): number {
    return this.#depths[lane] as number;
  }

  push(item: T, lane: number, key: string | undefined, now: number): void {
    this.#now = now;
    const slot = this.#enter(key);
    const node = this.#add(item, lane, slot, this.#sequence);
    this.#sequence += 1;
    this.#homes[node] = lane;
    this.#byLane.append(lane, node);
    if (slot === none) {
      this.#ready.append(node, lane, now);
      return;
    }
    this.#keys.append(slot, node, lane);
    if (this.#keys.isRunning(slot)) return;
    const head = this.#keys.head(slot);
    if (head === node) this.#ready.append(node, lane, now);
    else if (lane < this.#ready.laneOf(head)) this.#ready.move(head, lane, now);
  }

  take(now: number): T | undefined {
    this.#now = now;
    const node = this.#ready.pick(now, this.#sequences);
    if (node === none) return undefined;
    this.#ready.remove(node);
    const lane = this.#laneOf(node);
    const place = this.#sequences[node] as number;
    this.takenLane = lane;
    this.takenPlace = place;
    this.#latest[lane] = place;
    const slot = this.#owners[node] as number;
    if (slot !== none) {
      this.#keys.remove(slot, node, lane);
      this.#keys.setRunning(slot, true);
    }
    return this.#remove(node, lane);
  }

  release(key: string | undefined): void {
    const name = this.#total ? '' : key;
    if (name === undefined) return;
    const slot = this.#keys.find(name);
    if (slot === none || !this.#keys.isRunning(slot)) return;
    this.#keys.setRunning(slot, false);
    const head = this.#keys.head(slot);
    if (head === none) this.#keys.leave(slot);
    else this.#ready.append(head, this.#keys.urgency(slot), this.#now);
  }

  restore(item: T, lane: number, key: string | undefined, now: number, place?: number): void {
    this.#now = now;
    const slot = this.#enter(key);
    const sequence = place ?? this.#latest[lane] ?? 0;
    const node = this.#add(item, lane, slot, sequence);
    this.#homes[node] = lane + returned;
    this.#addReturned(lane + returned, node, sequence);
    let urgency = lane;
    if (slot !== none) {
      const head = this.#keys.head(slot);
      if (head !== none && !this.#keys.isRunning(slot)) this.#ready.remove(head);
      this.#keys.setRunning(slot, false);
      this.#keys.prepend(slot, node, lane);
      urgency = this.#keys.urgency(slot);
    }
    // Before all that is ready, but for what came back before and was pushed earlier.
    let successor = this.#ready.first(urgency);
    while (
      successor !== none &&
      this.#isReturned(successor) &&
      (this.#sequences[successor] as number) <= sequence
    ) {
      successor = this.#ready.next(successor);
    }
    this.#ready.insert(node, urgency, successor, now);
  }

  evictOldest(): T | undefined {
    let oldest: number = none;
    let sequence = Infinity;
    for (let list = 0; list < 2 * returned; list += 1) {
      const node = this.#byLane.first(list);
      if (node === none || (this.#sequences[node] as number) >= sequence) continue;
      oldest = node;
      sequence = this.#sequences[node] as number;
      this.evictedLane = this.#laneOf(node);
    }
    return this.#evict(oldest);
  }

  evictNewest(lane: number): T | undefined {
    const stayed = this.#byLane.last(lane);
    const back = this.#byLane.last(lane + returned);
    if (stayed === none || back === none) return this.#evict(stayed === none ? back : stayed);
    // What came back may still be newer than what a closed key has held in place.
    return this.#evict(
      (this.#sequences[back] as number) > (this.#sequences[stayed] as number) ? back : stayed,
    );
  }

  clear(): T[] {
    const items: T[] = [];
    for (let lane = 0; lane < 4; lane += 1) {
      for (let item = this.evictNewest(lane); item !== undefined; item = this.evictNewest(lane))
        items.push(item);
    }
    return items;
  }

  #evict(node: number): T | undefined {
    if (node === none) return undefined;
    const lane = this.#laneOf(node);
    const slot = this.#owners[node] as number;
    if (slot === none) {
      this.#ready.remove(node);
    } else {
      const wasHead = this.#keys.head(slot) === node;
      this.#keys.remove(slot, node, lane);
      if (!this.#keys.isRunning(slot)) this.#headChanged(slot, wasHead ? node : none);
      this.#keys.leave(slot);
    }
    return this.#remove(node, lane);
  }

  /** An open key lost an event, `formerHead` if that was its first: another may be ready, in another lane. */
  #headChanged(slot: number, formerHead: number): void {
    const head = this.#keys.head(slot);
    if (formerHead === none) {
      const urgency = this.#keys.urgency(slot);
      if (urgency !== this.#ready.laneOf(head)) this.#ready.move(head, urgency, this.#now);
      return;
    }
    const lane = this.#ready.laneOf(formerHead);
    const successor = this.#ready.next(formerHead);
    this.#ready.remove(formerHead);
    if (head === none) return;
    const urgency = this.#keys.urgency(slot);
    // The key keeps its turn, unless what it lost was what gave it its lane.
    this.#ready.insert(head, urgency, urgency === lane ? successor : none, this.#now);
  }

  #enter(key: string | undefined): number {
    const name = this.#total ? '' : key;
    return name === undefined ? none : this.#keys.enter(name);
  }

  #laneOf(node: number): number {
    return (this.#homes[node] as number) & (returned - 1);
  }

  #isReturned(node: number): boolean {
    return (this.#homes[node] as number) >= returned;
  }

  /** Into the sorted list of what came back; a search from its end, where most of them belong. */
  #addReturned(list: number, node: number, sequence: number): void {
    let last = this.#byLane.last(list);
    let successor: number = none;
    while (last !== none && (this.#sequences[last] as number) > sequence) {
      successor = last;
      last = this.#byLane.previous(last);
    }
    this.#byLane.insert(list, node, successor);
  }

  #add(item: T, lane: number, slot: number, sequence: number): number {
    if (this.#nodes.full) {
      this.#nodes.grow();
      this.#fit();
    }
    const node = this.#nodes.take();
    this.#items[node] = item;
    this.#owners[node] = slot;
    this.#sequences[node] = sequence;
    this.#depths[lane] = (this.#depths[lane] as number) + 1;
    return node;
  }

  #remove(node: number, lane: number): T | undefined {
    const item = this.#items[node];
    this.#items[node] = undefined;
    this.#byLane.remove(this.#homes[node] as number, node);
    this.#depths[lane] = (this.#depths[lane] as number) - 1;
    this.#nodes.give(node);
    if (this.#nodes.emptied()) this.#fit();
    return item;
  }

  #fit(): void {
    const { capacity } = this.#nodes;
    this.#items.length = Math.min(this.#items.length, capacity);
    this.#homes = resized(this.#homes, capacity);
    this.#owners = resized(this.#owners, capacity);
    this.#sequences = resized(this.#sequences, capacity);
    this.#byLane.fitNodes(capacity);
    this.#ready.fitNodes(capacity);
    this.#keys.fitNodes(capacity);
  }
}
