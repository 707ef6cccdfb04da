import { ConflictError } from '../../../streams/event/errors.ts';
import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import { PartitionLeases } from '../../leases/partition-leases.ts';
import type { Store } from '../../store.ts';
import { NodeClock } from './node-clock.ts';
import { decodeState, encodeState, entityBucket, fold, type NodesModel } from './nodes-model.ts';
import { SimulatedNetwork, type DistantStore } from './simulated-network.ts';
import type { SimulationWorld } from './simulation-world.ts';

/** Parts of the nodes program: others may be put in their place, to be simulated, or to plant a bug. */
export interface NodesParts {
  /** Wraps the store that all nodes share, for the leases of one node. */
  readonly leaseStore: (store: DistantStore) => DistantStore;
  /** Wraps it for the work of one node. */
  readonly workStore: (store: DistantStore) => DistantStore;
  /** Wraps the leases of a node. */
  readonly leases: (leases: Pick<PartitionLeases, 'token'>) => Pick<PartitionLeases, 'token'>;
  /** Wraps the clock that leases run on. */
  readonly clock: (clock: NodeClock) => NodeClock;
}

const idleMs = 40;

/** One process of a group: it owns partitions by leases, and folds their events into entities in the shared store. */
export class SimulatedNode {
  readonly name: string;
  readonly clock: NodeClock;
  readonly network: SimulatedNetwork;
  readonly leases: Pick<PartitionLeases, 'token'>;
  readonly #leases: PartitionLeases;
  readonly #world: SimulationWorld;
  readonly #model: NodesModel;
  readonly #store: DistantStore;
  readonly #working = new Map<number, Promise<void>>();
  readonly #draining = new Set<number>();

  constructor(
    name: string,
    options: { readonly partitions: number; readonly leaseMs: number },
    given: {
      readonly world: SimulationWorld;
      readonly store: Store;
      readonly model: NodesModel;
      readonly parts: NodesParts;
    },
  ) {
    const { world, store, model, parts } = given;
    this.name = name;
    this.#world = world;
    this.#model = model;
    this.clock = new NodeClock(world.clock, 1 + (2 * world.random() - 1) * world.drawn.clockDrift);
    this.network = new SimulatedNetwork(world, this.clock);
    const distant = this.network.to(store);
    this.#store = parts.workStore(distant);
    this.#leases = new PartitionLeases(
      { bucket: 'leases', member: name, ...options },
      {
        clock: parts.clock(this.clock),
        store: parts.leaseStore(distant).snapshots,
        acquired: (partition, token) => this.#acquired(partition, token),
        drain: (partition) => this.#drain(partition),
        lost: (partition) => world.note('node loses partition $a', partition),
        failed: () => {},
      },
    );
    this.leases = parts.leases(this.#leases);
  }

  start(): void {
    this.#leases.start();
  }

  /** It hands back what it owns and leaves. */
  leave(): void {
    void this.#leases.close();
  }

  #acquired(partition: number, token: number): void {
    this.#world.note('partition $a has a new owner, with token $b', partition, token);
    this.#model.acquired(partition, token);
    this.#draining.delete(partition);
    const before = this.#working.get(partition);
    this.#working.set(partition, this.#work(partition, token, before));
  }

  async #drain(partition: number): Promise<void> {
    this.#draining.add(partition);
    await this.#working.get(partition);
  }

  async #work(partition: number, token: number, before: Promise<void> | undefined): Promise<void> {
    await before;
    while (this.leases.token(partition) === token && !this.#draining.has(partition)) {
      try {
        if (await this.#takeNext(partition, token)) continue;
      } catch (error) {
        // Of a write that was not answered it is not known whether it was made: it is read again, as after a conflict.
        if (error instanceof ConflictError) continue;
      }
      await new Promise<void>((resolve) => {
        this.clock.setTimeout(resolve, idleMs);
      });
    }
  }

  /** Folds the next event of a partition into its entity. False when there is none. */
  async #takeNext(partition: number, token: number): Promise<boolean> {
    const key = String(partition);
    const snapshot = await this.#store.snapshots.read(entityBucket, key);
    const state = decodeState(snapshot?.value);
    const event = this.#model.events[partition]?.[state.applied];
    if (event === undefined || state.token > token || this.leases.token(partition) !== token) return false;
    const value = encodeState(fold(state, event, token));
    await this.#store.commit({
      events: [this.#emits(event)],
      writes: [{ bucket: entityBucket, key, value, expected: snapshot?.revision ?? 0 }],
    });
    return true;
  }

  #emits(cause: number): EventEnvelope {
    return {
      id: `of-${cause}`,
      type: 'sim.emitted',
      source: this.name,
      time: this.clock.now(),
      priority: 'normal',
      schemaVersion: 1,
      data: cause,
    };
  }
}
