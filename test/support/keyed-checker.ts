import type { Ordering } from '../../streams/queue/lane-queue.ts';
import type { PlacedLaneQueue } from '../../streams/queue/placed-lane-queue.ts';

export type KeyedStep =
  | { readonly do: 'push'; readonly lane: number; readonly key: string | undefined }
  | { readonly do: 'take' }
  | { readonly do: 'evictOldest' }
  | { readonly do: 'release' | 'restore'; readonly which: number }
  | { readonly do: 'evictNewest'; readonly lane: number };

/** An event, and where it stands in the order of pushes. */
export interface CheckedEvent {
  readonly sequence: number;
  readonly lane: number;
  readonly key: string | undefined;
  place: number;
}

const weights = [8, 4, 2, 1];

/**
 * Drives a queue with key order and notes every law that it breaks. It knows no algorithm: only what waits,
 * what runs, and what follows from that.
 */
export class KeyedChecker {
  readonly violations: string[] = [];
  readonly #queue: PlacedLaneQueue<CheckedEvent>;
  readonly #strategy: string;
  readonly #total: boolean;
  /** In push order. */
  #waiting: CheckedEvent[] = [];
  readonly #running: CheckedEvent[] = [];
  /** Starts from other lanes since each lane was empty or had a start. */
  readonly #passedOver = [0, 0, 0, 0];
  #pushed = 0;
  #now = 0;

  constructor(queue: PlacedLaneQueue<CheckedEvent>, strategy: string, order: Ordering) {
    this.#queue = queue;
    this.#strategy = strategy;
    this.#total = order === 'total';
  }

  do(step: KeyedStep): void {
    this.#now += 1;
    if (step.do === 'push') this.#push(step.lane, step.key);
    else if (step.do === 'take') this.#take();
    else if (step.do === 'evictOldest') this.#evicted('oldest', this.#queue.evictOldest(), this.#waiting[0]);
    else if (step.do === 'evictNewest') {
      const newest = this.#waiting.findLast(({ lane }) => lane === step.lane);
      this.#evicted('newest', this.#queue.evictNewest(step.lane), newest);
    } else {
      const [event] = this.#running.splice(step.which, 1);
      if (event === undefined) return;
      if (step.do === 'release') this.#queue.release(event.key);
      else this.#restore(event);
    }
    this.#checkCounts();
  }

  /** Takes and settles until nothing waits: what is left over then was lost. */
  drain(): void {
    for (let starts = this.#waiting.length + this.#running.length; starts >= 0; starts -= 1) {
      for (const event of this.#running.splice(0)) this.#queue.release(event.key);
      this.do({ do: 'take' });
    }
    for (const event of this.#running.splice(0)) this.#queue.release(event.key);
    this.#check(this.#waiting.length === 0, `${this.#waiting.length} events never started`);
    this.#check(this.#queue.size === 0, `${this.#queue.size} events are left over`);
    const { keys } = this.#queue as unknown as { readonly keys: number };
    this.#check(keys === 0, `${keys} keys are remembered for nothing`);
  }

  #push(lane: number, key: string | undefined): void {
    const event = { sequence: this.#pushed, lane, key, place: 0 };
    this.#pushed += 1;
    this.#waiting.push(event);
    this.#queue.push(event, lane, key, this.#now);
  }

  #take(): void {
    const ready = this.#ready();
    const lanes = ready.map((event) => this.#urgency(event));
    const event = this.#queue.take(this.#now);
    if (event === undefined) {
      this.#check(ready.length === 0, `nothing starts, but ${ready.length} events may`);
      return;
    }
    this.#check(ready.includes(event), `${describe(event)} starts out of its key's order, or while it runs`);
    this.#check(
      this.#queue.takenLane === event.lane,
      `takenLane of ${describe(event)} is ${this.#queue.takenLane}`,
    );
    const urgency = this.#urgency(event);
    if (this.#strategy === 'strict') {
      this.#check(
        urgency === Math.min(...lanes),
        `${describe(event)} starts before one of a more urgent lane`,
      );
    }
    if (this.#strategy === 'weighted') this.#checkStarvation(urgency, lanes);
    event.place = this.#queue.takenPlace;
    this.#waiting = this.#waiting.filter((other) => other !== event);
    this.#running.push(event);
  }

  #restore(event: CheckedEvent): void {
    this.#waiting = [...this.#waiting, event].toSorted((a, b) => a.sequence - b.sequence);
    this.#queue.restore(event, event.lane, event.key, this.#now, event.place);
  }

  #evicted(name: string, event: CheckedEvent | undefined, expected: CheckedEvent | undefined): void {
    this.#check(
      event === expected,
      `the ${name} is ${describe(expected)}, but ${describe(event)} is evicted`,
    );
    this.#waiting = this.#waiting.filter((other) => other !== event);
  }

  /** The first waiting event of each key that does not run, and all without a key. */
  #ready(): CheckedEvent[] {
    return this.#waiting.filter((event, index) => {
      const name = this.#nameOf(event);
      if (name === undefined) return true;
      if (this.#running.some((other) => this.#nameOf(other) === name)) return false;
      return this.#waiting.findIndex((other) => this.#nameOf(other) === name) === index;
    });
  }

  /** The most urgent lane of an event and what waits behind it in its key. */
  #urgency(event: CheckedEvent): number {
    const name = this.#nameOf(event);
    if (name === undefined) return event.lane;
    return Math.min(...this.#waiting.filter((other) => this.#nameOf(other) === name).map(({ lane }) => lane));
  }

  #checkStarvation(started: number, lanes: readonly number[]): void {
    for (let lane = 0; lane < 4; lane += 1) {
      const passed = lane === started || !lanes.includes(lane) ? 0 : (this.#passedOver[lane] ?? 0) + 1;
      this.#passedOver[lane] = passed;
      this.#check(passed <= 2 * (15 - (weights[lane] ?? 0)), `lane ${lane} was passed over ${passed} times`);
    }
  }

  #checkCounts(): void {
    this.#check(
      this.#queue.size === this.#waiting.length,
      `size is ${this.#queue.size}, not ${this.#waiting.length}`,
    );
    for (let lane = 0; lane < 4; lane += 1) {
      const depth = this.#waiting.filter((event) => event.lane === lane).length;
      this.#check(
        this.#queue.depth(lane) === depth,
        `depth of ${lane} is ${this.#queue.depth(lane)}, not ${depth}`,
      );
    }
  }

  #nameOf(event: CheckedEvent): string | undefined {
    return this.#total ? '' : event.key;
  }

  #check(holds: boolean, violation: string): void {
    if (!holds) this.violations.push(violation);
  }
}

function describe(event: CheckedEvent | undefined): string {
  return event === undefined
    ? 'nothing'
    : `#${event.sequence} (lane ${event.lane}, key ${event.key ?? 'none'})`;
}
