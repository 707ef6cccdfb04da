import type { Aging } from './aging.ts';
import type { LaneRounds } from './lane-rounds.ts';
import { LinkedLists, none, resized } from './linked-lists.ts';

/**
 * What may start next: nodes in four lanes, first come first served within a lane.
 *
 * With aging it remembers since when each has been ready, and only the first of a lane speaks for it: the
 * others came later, but for one that an urgent event lifted here, which waits for its turn all the same.
 */
export class ReadyLanes {
  readonly #rounds: LaneRounds;
  readonly #aging: Aging | undefined;
  readonly #lists: LinkedLists;
  #lanes: Uint8Array;
  #since: Float64Array;
  /** Bit i is set while something is ready in lane i. */
  #occupied = 0;

  constructor(rounds: LaneRounds, aging: Aging | undefined, nodes: number) {
    this.#rounds = rounds;
    this.#aging = aging;
    this.#lists = new LinkedLists(4, nodes);
    this.#lanes = new Uint8Array(nodes);
    this.#since = new Float64Array(aging === undefined ? 0 : nodes);
  }

  /** The lane that a node is ready in. */
  laneOf(node: number): number {
    return this.#lanes[node] as number;
  }

  first(lane: number): number {
    return this.#lists.first(lane);
  }

  next(node: number): number {
    return this.#lists.next(node);
  }

  /** Makes a node ready, behind all of its lane. */
  append(node: number, lane: number, now: number): void {
    if (this.#aging !== undefined) this.#since[node] = now;
    this.#lists.append(lane, node);
    this.#lanes[node] = lane;
    this.#occupied |= 1 << lane;
  }

  /** Makes a node ready before `successor`, which may be `none`. */
  insert(node: number, lane: number, successor: number, now: number): void {
    if (successor === none) {
      this.append(node, lane, now);
      return;
    }
    if (this.#aging !== undefined) this.#since[node] = Math.min(now, this.#since[successor] as number);
    this.#lists.insert(lane, node, successor);
    this.#lanes[node] = lane;
  }

  /** Moves a node behind all of another lane; what waiting has earned it counts there too. */
  move(node: number, lane: number, now: number): void {
    const from = this.laneOf(node);
    const since = this.#aging?.carry(this.#since[node] as number, from, lane, now) ?? now;
    this.remove(node);
    this.append(node, lane, since);
  }

  remove(node: number): void {
    const lane = this.laneOf(node);
    this.#lists.remove(lane, node);
    if (this.#lists.first(lane) === none) this.#occupied &= ~(1 << lane);
  }

  /** The node to start next, which stays; `none` when nothing is ready. */
  pick(now: number, sequences: Float64Array): number {
    if (this.#occupied === 0) return none;
    if (this.#aging !== undefined) return this.#mostUrgent(this.#aging, now, sequences);
    return this.#lists.first(this.#rounds.pick(this.#occupied));
  }

  /** Makes room for `nodes` nodes, or gives room back. */
  fitNodes(nodes: number): void {
    this.#lists.fitNodes(nodes);
    this.#lanes = resized(this.#lanes, nodes);
    if (this.#aging !== undefined) this.#since = resized(this.#since, nodes);
  }

  /** The most urgent after aging; of equals, the one that was pushed first. */
  #mostUrgent(aging: Aging, now: number, sequences: Float64Array): number {
    let best: number = none;
    let bestLevel = Infinity;
    let bestSequence = Infinity;
    for (let lane = 0; lane < 4; lane += 1) {
      const node = this.#lists.first(lane);
      if (node === none) continue;
      const level = aging.level(lane, now - (this.#since[node] as number));
      const sequence = sequences[node] as number;
      if (level < bestLevel || (level === bestLevel && sequence < bestSequence)) {
        best = node;
        bestLevel = level;
        bestSequence = sequence;
      }
    }
    return best;
  }
}
