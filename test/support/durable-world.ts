import { createBus, durableTransport, memoryStore, StorageError } from 'breakwater';
import type { Bus, BusOptions, DurableTransportOptions, Store, StoreFactory, StoreHealth } from 'breakwater';
import { createVirtualClock, type VirtualClock, seededRandom } from 'breakwater/testing';
import { silentLogger } from './bus-world.ts';

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
            reject(error);
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

/** A store that can be made to fail. */
export interface FaultyStore {
  readonly make: StoreFactory;
  /**
   * From now on writes fail with StorageError; with 'reads', reads too. With 'unknown' events are appended, but
   * nobody is told, and whoever appended them hears that they may or may not be.
   */
  fail(this: void, what?: 'writes' | 'reads' | 'unknown'): void;
  recover(this: void): void;
}

/** A store whose writes, and if asked reads, fail while they are told to; each failure comes later, as a promise. */
export function faulty(make: StoreFactory = reopened()): FaultyStore {
  let failing: 'writes' | 'reads' | 'unknown' | undefined;
  const listeners = new Set<(health: StoreHealth) => void>();
  const health = (): StoreHealth =>
    failing === undefined
      ? { state: 'ok', since: 0 }
      : { state: 'failed', since: 0, reason: 'no space left on device' };
  const turn = (what: typeof failing): void => {
    failing = what;
    for (const listener of listeners) listener(health());
  };
  const guard = <T>(write: boolean, call: () => T | Promise<T>): T | Promise<T> => {
    if (failing === undefined || (!write && failing !== 'reads')) return call();
    if (failing === 'unknown') {
      void call();
      return Promise.reject(new StorageError('the disk said nothing', { unknown: true }));
    }
    return Promise.reject(new StorageError('no space left on device'));
  };
  return {
    fail: (what = 'writes') => turn(what),
    recover: () => turn(undefined),
    make: (ports) => {
      const store = make(ports);
      const { log, snapshots } = store;
      return {
        ...store,
        log: {
          ...log,
          append: (events) => guard(true, () => log.append(events)),
          watch: (listener) =>
            log.watch((...told) => {
              if (failing !== 'unknown') listener(...told);
            }),
          read: (range) => guard(false, () => log.read(range)),
        },
        snapshots: {
          ...snapshots,
          write: (write) => guard(true, () => snapshots.write(write)),
          read: (bucket, key) => guard(false, () => snapshots.read(bucket, key)),
        },
        commit: (commit) => guard(true, () => store.commit(commit)),
        health,
        onHealth: (listener) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      };
    },
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
        random: seededRandom(1),
        logger: silentLogger,
        heartbeatMs: 86_400_000,
        transport: durableTransport(guarded, options.transport),
        ...busOptions,
      });
    },
  };
}
