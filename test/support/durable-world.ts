import { createBus, durableTransport, memoryStore } from 'breakwater';
import type { Bus, BusOptions, DurableTransportOptions, Store, StoreFactory } from 'breakwater';
import { createVirtualClock, type VirtualClock } from 'breakwater/testing';
import { seeded, silentLogger } from './bus-world.ts';

/** A store that is opened again and again, as one on a disk is: to close it lets nothing go. */
export function reopened(make: StoreFactory = memoryStore()): StoreFactory {
  let kept: Store | undefined;
  return (ports) => {
    kept ??= make(ports);
    const store = kept;
    return {
      name: store.name,
      log: store.log,
      snapshots: store.snapshots,
      commit: (commit) => store.commit(commit),
      health: () => store.health(),
      onHealth: (listener) => store.onHealth(listener),
      close: () => Promise.resolve(),
    };
  };
}

/** A store that answers later, as one on a disk or behind a network does: what is written is written later, too. */
export function delayed(make: StoreFactory, ms: number): StoreFactory {
  return (ports) => {
    const store = make(ports);
    const later = <T>(call: () => T | Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        ports.clock.setTimeout(() => {
          try {
            resolve(call());
          } catch (error) {
            reject(error as Error);
          }
        }, ms);
      });
    const { log, snapshots } = store;
    return {
      ...store,
      log: {
        ...log,
        append: (events) => later(() => log.append(events)),
        read: (range) => later(() => log.read(range)),
        bounds: () => later(() => log.bounds()),
        positionAt: (time) => later(() => log.positionAt(time)),
      },
      snapshots: {
        ...snapshots,
        read: (bucket, key) => later(() => snapshots.read(bucket, key)),
        write: (write) => later(() => snapshots.write(write)),
        list: (bucket, options) => later(() => snapshots.list(bucket, options)),
      },
      commit: (commit) => later(() => store.commit(commit)),
    };
  };
}

/** Buses that follow each other on one clock and one store. */
export interface DurableWorld {
  readonly clock: VirtualClock;
  readonly store: StoreFactory;
  /** Starts a bus. One that ran before is left as it is, as after a crash: nothing of it reaches the store. */
  start(this: void, options?: BusOptions): Bus;
}

export function createDurableWorld(
  options: { readonly store?: StoreFactory; readonly transport?: DurableTransportOptions } = {},
): DurableWorld {
  const clock = createVirtualClock({ now: 1_700_000_000_000 });
  const store = options.store ?? reopened();
  let cut = (): void => {};
  return {
    clock,
    store,
    start: (busOptions = {}) => {
      cut();
      let alive = true;
      cut = () => {
        alive = false;
      };
      const guarded: StoreFactory = (ports) => {
        const opened = store(ports);
        const dead = <T>(): Promise<T> => new Promise<T>(() => {});
        return {
          ...opened,
          snapshots: {
            ...opened.snapshots,
            write: (write) => (alive ? opened.snapshots.write(write) : dead()),
          },
          log: { ...opened.log, append: (events) => (alive ? opened.log.append(events) : dead()) },
          commit: (commit) => (alive ? opened.commit(commit) : dead()),
        };
      };
      return createBus({
        clock,
        random: seeded(1),
        logger: silentLogger,
        heartbeatMs: 86_400_000,
        transport: durableTransport(guarded, options.transport),
        ...busOptions,
      });
    },
  };
}
