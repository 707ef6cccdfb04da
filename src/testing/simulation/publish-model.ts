import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import type { Published } from '../../transport/transport.ts';
import type { SimulationWorld } from './simulation-world.ts';

/** What the events of a simulation carry. */
export interface SimulatedData {
  /** Its number, from 1. */
  readonly n: number;
  /** How many events its batch has. */
  readonly of: number;
}

export function dataOf(event: EventEnvelope): SimulatedData {
  return event.data as SimulatedData;
}

/** Holds a log to what its publishes were told: nothing acknowledged is lost, nothing is there twice or in part. */
export class PublishModel {
  /** The event at each position, by its number; 0 for none. */
  readonly at: number[] = [0];
  /** The position of each event; 0 for none. */
  readonly #positions: number[] = [0];
  /** Numbers of events whose publish has resolved. */
  readonly #acknowledged: number[] = [];
  readonly #world: SimulationWorld;

  constructor(world: SimulationWorld) {
    this.#world = world;
  }

  get last(): number {
    return this.at.length - 1;
  }

  positionOf(n: number): number {
    return this.#positions[n] ?? 0;
  }

  /** A commit has taken effect. */
  applied(first: number, events: readonly EventEnvelope[]): void {
    if (events.length === 0) return;
    if (first !== this.last + 1)
      this.#world.violated('positions follow each other', `${first} follows ${this.last}`);
    for (const [index, event] of events.entries()) {
      const { n, of } = dataOf(event);
      if (of !== events.length)
        this.#world.violated('a batch is all or nothing', `${events.length} of ${of} are in the log`);
      if (this.positionOf(n) > 0)
        this.#world.violated('exactly once in the log', `event ${n} is in the log twice`);
      this.#positions[n] = first + index;
      this.at.push(n);
    }
  }

  /** A publish has resolved. */
  acknowledged(events: readonly EventEnvelope[], { first = 0, level }: Published): void {
    for (const [index, event] of events.entries()) {
      const { n } = dataOf(event);
      if (this.positionOf(n) !== first + index)
        this.#world.violated(
          'what a publish resolved for is in the log',
          `event ${n} was acknowledged at ${first + index}, and is at ${this.positionOf(n)}`,
        );
      if (level === 'disk') this.#acknowledged.push(n);
    }
  }

  /** The log ends at `last` now: what came after was lost. */
  truncated(last: number): void {
    while (this.last > last) this.#positions[this.at.pop() ?? 0] = 0;
    this.checkKept();
  }

  /** Nothing that was acknowledged as synced is lost. */
  checkKept(): void {
    for (const n of this.#acknowledged) {
      if (this.positionOf(n) === 0)
        this.#world.violated('nothing acknowledged is lost', `event ${n} was acknowledged and is gone`);
    }
  }
}
