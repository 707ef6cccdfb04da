import { StorageError } from '../../../streams/event/errors.ts';
import type { SnapshotStore } from '../../snapshot-store.ts';
import type { Commit, Committed, Store } from '../../store.ts';
import type { NodeClock } from './node-clock.ts';
import type { SimulationWorld } from './simulation-world.ts';

/** What a node can ask of a store that is not its own. */
export interface DistantStore {
  readonly snapshots: SnapshotStore;
  commit(commit: Commit): Promise<Committed>;
}

const timeoutMs = 600;

/**
 * The way from one node to a store: requests and answers are delayed, so that they overtake each other, lost, and
 * delivered twice, as often as the world says; none arrives while the node is cut off. A request that is not answered
 * fails with StorageError, `unknown`: it may have been carried out, or be so later.
 */
export class SimulatedNetwork {
  cutOff = false;
  readonly #world: SimulationWorld;
  readonly #clock: NodeClock;

  constructor(world: SimulationWorld, clock: NodeClock) {
    this.#world = world;
    this.#clock = clock;
  }

  /** The store as the node sees it. */
  to(store: Store): DistantStore {
    const { snapshots } = store;
    return {
      commit: (commit) => this.#call(() => store.commit(commit)),
      snapshots: {
        name: snapshots.name,
        read: (bucket, key) => this.#call(() => snapshots.read(bucket, key)),
        write: (write) => this.#call(() => snapshots.write(write)),
        list: (bucket, options) => this.#call(() => snapshots.list(bucket, options)),
      },
    };
  }

  #call<T>(act: () => T | Promise<T>): Promise<T> {
    const world = this.#world;
    const { messageDuplicate } = world.faults;
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimeout(
        () => reject(new StorageError('no answer from the store', { unknown: true })),
        timeoutMs,
      );
      const answered = (settle: () => void): void => {
        this.#send(() => {
          // Received by the node, which may be stopped: its clock runs what it does with it.
          this.#clock.defer(() => {
            this.#clock.clearTimeout(timer);
            settle();
          });
        });
      };
      const arrive = async (): Promise<void> => {
        try {
          const value = await act();
          answered(() => resolve(value));
        } catch (error) {
          answered(() => reject(error));
        }
      };
      this.#send(() => void arrive());
      if (world.happens(messageDuplicate)) this.#send(() => void arrive());
    });
  }

  /** A message travels in the world: to stop or kill its sender does not stop it. */
  #send(arrive: () => void): void {
    const world = this.#world;
    const { messageLoss, messageDelayMs } = world.faults;
    if (this.cutOff || world.happens(messageLoss)) return;
    world.clock.setTimeout(
      () => {
        if (!this.cutOff) arrive();
      },
      0.5 + world.random() * messageDelayMs,
    );
  }
}
