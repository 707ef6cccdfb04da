import type { Clock } from '../../streams/event/clock.ts';
import { StorageError } from '../../streams/event/errors.ts';
import { PartitionLeases } from '../../src/leases/partition-leases.ts';
import { memoryStore } from '../../src/log/memory-store.ts';
import type { SnapshotStore } from '../../src/snapshot-store.ts';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';

/** A process that can be stopped, as by SIGSTOP: no callback of it runs until it goes on; then all do at once. */
export class StoppableProcess {
  readonly clock: Clock;
  #stopped = false;
  #held: (() => void)[] = [];

  constructor(clock: VirtualClock) {
    const run = (callback: () => void): void => {
      if (this.#stopped) this.#held.push(callback);
      else callback();
    };
    this.clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      setTimeout: (callback, delayMs, background) =>
        clock.setTimeout(() => run(callback), delayMs, background),
      clearTimeout: (handle) => clock.clearTimeout(handle),
      defer: (callback) => clock.defer(() => run(callback)),
      yieldTurn: (callback) => clock.yieldTurn(() => run(callback)),
    };
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  stop(): void {
    this.#stopped = true;
  }

  goOn(): void {
    this.#stopped = false;
    for (const callback of this.#held.splice(0)) callback();
  }
}

/** How the way to a store behaves for one process. */
export interface Network {
  /** Milliseconds that the next request, then the next answer, takes; below 0 it is lost and fails after as long. */
  delayMs(): number;
}

/** Does something now, and gives what tells a promise of it later. */
async function attempt<T>(
  act: () => T | Promise<T>,
): Promise<(resolve: (value: T) => void, reject: (error: unknown) => void) => void> {
  try {
    const value = await act();
    return (resolve) => resolve(value);
  } catch (error) {
    return (_resolve, reject) => reject(error);
  }
}

/** A store at the other end of a network: requests take effect in the middle, answers come later or never. */
export function distantStore(
  store: SnapshotStore,
  process: StoppableProcess,
  world: VirtualClock,
  network: Network,
): SnapshotStore {
  function call<T>(act: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const there = network.delayMs();
      const back = network.delayMs();
      const lost = (afterMs: number): void => {
        process.clock.setTimeout(() => reject(new StorageError('no answer from the store')), afterMs);
      };
      if (there < 0) {
        lost(-there);
        return;
      }
      const answer = async (done: ReturnType<typeof attempt<T>>, afterMs: number): Promise<void> => {
        const settle = await done;
        if (afterMs < 0) lost(-afterMs);
        else process.clock.setTimeout(() => settle(resolve, reject), afterMs);
      };
      // The request travels in the world: stopping its process does not stop it.
      world.setTimeout(() => {
        void answer(attempt(act), back);
      }, there);
    });
  }
  return {
    name: store.name,
    read: (bucket, key) => call(() => store.read(bucket, key)),
    write: (write) => call(() => store.write(write)),
    list: (bucket, options) => call(() => store.list(bucket, options)),
  };
}

/** One member of a group, and what it was told. */
export class LeaseMember {
  readonly process: StoppableProcess;
  readonly leases: PartitionLeases;
  readonly acquired: (readonly [partition: number, token: number])[] = [];
  readonly failures: unknown[] = [];
  /** What the last call said of each partition. */
  readonly working = new Set<number>();

  readonly name: string;

  constructor(
    name: string,
    options: { readonly partitions: number; readonly leaseMs: number; readonly drainMs?: number },
    ports: { readonly store: SnapshotStore; readonly clock: VirtualClock; readonly network: Network },
  ) {
    this.name = name;
    this.process = new StoppableProcess(ports.clock);
    const { clock } = this.process;
    this.leases = new PartitionLeases(
      { bucket: 'leases:billing', member: name, ...options },
      {
        clock,
        store: distantStore(ports.store, this.process, ports.clock, ports.network),
        acquired: (partition, token) => {
          this.acquired.push([partition, token]);
          this.working.add(partition);
        },
        drain: (partition) =>
          new Promise((resolve) => {
            clock.setTimeout(() => {
              this.working.delete(partition);
              resolve();
            }, options.drainMs ?? 0);
          }),
        lost: (partition) => void this.working.delete(partition),
        failed: (error) => void this.failures.push(error),
      },
    );
  }
}

export const leaseMs = 2000;
export const partitions = 8;
export const all = Array.from({ length: partitions }, (_, partition) => partition);
export const near: Network = { delayMs: () => 1 };

export interface LeaseWorld {
  readonly clock: VirtualClock;
  readonly store: SnapshotStore;
  readonly join: (name: string, network?: Network, drainMs?: number, store?: SnapshotStore) => LeaseMember;
}

/** A store, a clock, and members that join. */
export function leaseWorld(): LeaseWorld {
  const clock = createVirtualClock();
  const store = memoryStore()({ clock, random: () => 0.5 }).snapshots;
  return {
    clock,
    store,
    join: (name, network = near, drainMs = 0, seen = store) => {
      const member = new LeaseMember(name, { partitions, leaseMs, drainMs }, { clock, store: seen, network });
      member.leases.start();
      return member;
    },
  };
}

export const ascending = (a: number, b: number): number => a - b;

/** Who may act on each partition now. */
export function owners(members: readonly LeaseMember[]): (readonly string[])[] {
  return all.map((partition) =>
    members.filter(({ leases }) => leases.token(partition) > 0).map(({ name }) => name),
  );
}
