import { StorageError } from '../../streams/event/errors.ts';
import type { Random } from '../../streams/event/random.ts';
import type { AppendListener } from '../../src/event-log.ts';
import type { Commit, Committed, Store, StoreFactory } from '../../src/store.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';

/** What goes wrong with a store, as shares of its commits. */
interface StoreFaults {
  /** Commits fail, and nothing of them is kept. */
  fails: number;
  /** Commits are said to have failed, and are kept all the same. */
  lies: number;
}

/** A store that outlives the processes that open it. */
export interface Lives {
  /** The store as the next process opens it. What an earlier one still does goes nowhere, and it hears nothing. */
  readonly next: StoreFactory;
  readonly faults: StoreFaults;
  /** Ends the life that runs: as `kill -9`. */
  kill(this: void): void;
}

/** Commits take up to `slowMs` of virtual time, reads of entities a turn: as a store on a disk. */
export function lives(store: Store, clock: VirtualClock, random: Random, slowMs: number): Lives {
  const faults: StoreFaults = { fails: 0, lies: 0 };
  let kill = (): void => {};

  function open(): Store {
    let alive = true;
    const unwatch: (() => void)[] = [];
    const dead = <T>(): Promise<T> => new Promise<T>(() => {});
    kill = () => {
      alive = false;
      for (const leave of unwatch) leave();
    };
    let last = Promise.resolve();

    /** What is done in the order of the calls, some time later, if the process lives until then. */
    function later<T>(call: () => T | Promise<T>): Promise<T> {
      const before = last;
      let ended = (): void => {};
      last = new Promise((resolve) => {
        ended = resolve;
      });
      return new Promise<T>((resolve, reject) => {
        clock.setTimeout(
          () => {
            const run = async (): Promise<void> => {
              await before;
              if (!alive) return;
              const fate = random();
              try {
                if (fate < faults.fails) throw new StorageError('the disk is full');
                const result = await call();
                if (fate > 1 - faults.lies) throw new StorageError('unknown');
                if (alive) resolve(result);
              } catch (error) {
                reject(error);
              } finally {
                ended();
              }
            };
            void run();
          },
          Math.floor(random() * slowMs),
        );
      });
    }

    return {
      name: 'lives',
      log: {
        ...store.log,
        read: async (range) => {
          await Promise.resolve();
          return alive ? store.log.read(range) : dead();
        },
        append: (events) => (alive ? later(() => store.log.append(events)) : dead()),
        watch: (listener: AppendListener) => {
          const leave = store.log.watch(listener);
          unwatch.push(leave);
          return leave;
        },
      },
      snapshots: {
        ...store.snapshots,
        read: async (bucket, key) => {
          await Promise.resolve();
          return alive ? store.snapshots.read(bucket, key) : dead();
        },
        write: (write) => (alive ? later(() => store.snapshots.write(write)) : dead()),
      },
      commit: (commit: Commit): Promise<Committed> => (alive ? later(() => store.commit(commit)) : dead()),
      health: () => store.health(),
      onHealth: (listener) => store.onHealth(listener),
      close: () => Promise.resolve(),
    };
  }

  return { next: open, faults, kill: () => kill() };
}
