import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import type { SnapshotWrite } from '../../snapshot-store.ts';
import type { SimulationWorld } from './simulation-world.ts';

/** An entity of the nodes program, one for each partition. */
export interface FoldState {
  /** How many of the partition's events it has taken. */
  readonly applied: number;
  /** A fold of them, in their order. */
  readonly sum: number;
  /** Of the owner that wrote it. */
  readonly token: number;
}

export const entityBucket = 'entity';
const nothing: FoldState = { applied: 0, sum: 0, token: 0 };

/** The fold: it tells orders apart, and events that are left out or taken twice. */
export function fold({ applied, sum }: FoldState, event: number, token: number): FoldState {
  return { applied: applied + 1, sum: (sum * 31 + event) % 1_000_003, token };
}

export function encodeState(state: FoldState): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(state));
}

export function decodeState(value: Uint8Array | undefined): FoldState {
  return value === undefined ? nothing : (JSON.parse(new TextDecoder().decode(value)) as FoldState);
}

/** Holds entities to the fold of their events, and what they emit to once for each cause. */
export class NodesModel {
  /** Events of each partition, by their numbers. */
  readonly events: number[][];
  readonly #states: FoldState[];
  readonly #emitted = new Set<string>();
  readonly #tokens: number[];
  readonly #world: SimulationWorld;

  constructor(world: SimulationWorld, partitions: number) {
    this.#world = world;
    this.events = Array.from({ length: partitions }, () => []);
    this.#states = this.events.map(() => nothing);
    this.#tokens = this.events.map(() => 0);
  }

  /** Whether all events are in the states of their entities. */
  get done(): boolean {
    return this.events.every((events, partition) => this.#states[partition]?.applied === events.length);
  }

  /** A node has become the owner of a partition. */
  acquired(partition: number, token: number): void {
    const before = this.#tokens[partition] ?? 0;
    if (token <= before)
      this.#world.violated('tokens rise', `partition ${partition}: ${token} follows ${before}`);
    this.#tokens[partition] = token;
  }

  /** A commit has taken effect in the store that all nodes share. */
  applied(events: readonly EventEnvelope[], writes: readonly SnapshotWrite[]): void {
    for (const { id } of events) {
      if (this.#emitted.has(id))
        this.#world.violated('emitted once for each cause', `${id} was emitted twice`);
      this.#emitted.add(id);
    }
    for (const { bucket, key, value } of writes) {
      if (bucket === entityBucket) this.#check(Number(key), decodeState(value));
    }
  }

  /** After all: each event has emitted one. */
  checkEmitted(): void {
    const made = this.events.reduce((total, { length }) => total + length, 0);
    if (this.#emitted.size !== made)
      this.#world.violated('emitted once for each cause', `${made} causes, ${this.#emitted.size} emitted`);
  }

  #check(partition: number, state: FoldState): void {
    const before = this.#states[partition] ?? nothing;
    const event = this.events[partition]?.[before.applied] ?? -1;
    const { applied, sum } = fold(before, event, state.token);
    if (state.applied !== applied || state.sum !== sum)
      this.#world.violated(
        'an entity is the fold of its events',
        `entity ${partition} has taken ${state.applied} events after ${before.applied}`,
      );
    if (state.token < before.token)
      this.#world.violated(
        'no writes of owners before',
        `entity ${partition}: token ${state.token} writes after ${before.token}`,
      );
    this.#states[partition] = state;
  }
}
