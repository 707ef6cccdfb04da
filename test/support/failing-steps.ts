import type { ArchiveFiles } from '../../src/log/archive-folder.ts';
import type { Store, StoreFactory } from '../../src/store.ts';

/** The process ends here: what was asked for after it never happens, and nobody hears of it. */
export class Crash extends Error {}

/** Counts the steps that change something, and ends the process at one of them. */
export interface Steps {
  readonly files: (files: ArchiveFiles) => ArchiveFiles;
  readonly store: (factory: StoreFactory) => StoreFactory;
  readonly taken: () => number;
  readonly crashed: () => boolean;
}

/**
 * Crashes at step `at`, before it (`'before'`), in its middle, where it has one (`'torn'`), or after it, before anybody
 * hears that it was done (`'after'`).
 */
export function failingSteps(at: number, how: 'before' | 'torn' | 'after'): Steps {
  let taken = 0;
  let dead = false;
  const step = async <T>(work: () => T | Promise<T>, tear?: () => Promise<unknown>): Promise<T> => {
    if (dead) throw new Crash('the process is gone');
    taken += 1;
    if (taken !== at) return work();
    dead = true;
    if (how === 'torn') await tear?.();
    if (how === 'after') await work();
    throw new Crash(`the process ends at step ${at}`);
  };
  return {
    taken: () => taken,
    crashed: () => dead,
    files: (files) => ({
      ...files,
      create: (name, pieces) =>
        step(
          () => files.create(name, pieces),
          () => {
            const whole = Buffer.concat(pieces);
            return files.create(name, [whole.subarray(0, whole.length >> 1)]);
          },
        ),
      rename: (from, to) => step(() => files.rename(from, to)),
      sync: () => step(() => files.sync()),
      remove: (name) => step(() => files.remove(name)),
    }),
    store: (factory) => (ports) => {
      const store = factory(ports);
      const { log, snapshots } = store;
      // Spelt out: a store may be an instance of a class, of which a spread would lose the methods.
      const dying: Store = {
        name: store.name,
        health: () => store.health(),
        onHealth: (listener) => store.onHealth(listener),
        close: () => store.close(),
        commit: (commit) => step(() => store.commit(commit)),
        snapshots: {
          name: snapshots.name,
          read: (bucket, key) => snapshots.read(bucket, key),
          list: (bucket, options) => snapshots.list(bucket, options),
          write: (write) => step(() => snapshots.write(write)),
        },
        log: {
          name: log.name,
          features: log.features,
          append: (events) => log.append(events),
          read: (range) => log.read(range),
          bounds: () => log.bounds(),
          positionAt: (time) => log.positionAt(time),
          watch: (listener) => log.watch(listener),
          trim: (before) => step(() => log.trim(before)),
          remove: (positions) => step(() => log.remove(positions)),
        },
      };
      return dying;
    },
  };
}
