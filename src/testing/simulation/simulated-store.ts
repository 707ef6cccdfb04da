import { ClosedError } from '../../../streams/event/errors.ts';
import type { EventLog } from '../../event-log.ts';
import { AppendListeners } from '../../log/append-listeners.ts';
import { checkMoment, checkPosition } from '../../log/resolve-range.ts';
import type { SnapshotStore } from '../../snapshot-store.ts';
import type { Commit, Committed, Store, StoreFactory, StoreHealth } from '../../store.ts';
import type { SimulatedDisk } from './simulated-disk.ts';

/**
 * Opens the store of a simulated disk: `durableTransport(simulatedStore(disk))`.
 *
 * A bus that is made later finds what the ones before it wrote, but for what a crash took. Whoever opens it cuts off
 * the one before, whose commits then never end. Reads answer at once; commits do unless the disk takes its time.
 */
export function simulatedStore(disk: SimulatedDisk): StoreFactory {
  return () => new SimulatedStore(disk);
}

class SimulatedStore implements Store {
  readonly name = 'simulated';
  readonly log: EventLog;
  readonly snapshots: SnapshotStore;
  readonly #disk: SimulatedDisk;
  readonly #process: number;
  readonly #appends = new AppendListeners();
  readonly #healths = new Set<(health: StoreHealth) => void>();
  #closed = false;

  constructor(disk: SimulatedDisk) {
    this.#disk = disk;
    this.#process = disk.open(
      (first, events, appendedAt) => this.#appends.tell(first, events, appendedAt),
      (health) => {
        for (const hear of this.#healths) hear(health);
      },
    );
    this.log = this.#makeLog();
    this.snapshots = this.#makeSnapshots();
  }

  commit(commit: Commit): Committed | Promise<Committed> {
    this.#open();
    // What a process does after its end has no effect, and nobody answers.
    if (!this.#disk.isOpen(this.#process)) return new Promise(() => {});
    return this.#disk.commit(commit);
  }

  health(): StoreHealth {
    return this.#disk.health;
  }

  onHealth(listener: (health: StoreHealth) => void): () => void {
    this.#healths.add(listener);
    return () => this.#healths.delete(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    // Behind all commits that are under way.
    if (this.#disk.isOpen(this.#process)) await this.#disk.drained();
    this.#closed = true;
    if (this.#disk.isOpen(this.#process)) this.#disk.release();
  }

  #open(): void {
    if (this.#closed) throw new ClosedError('the simulated store is closed; open it again');
  }

  #makeLog(): EventLog {
    const disk = this.#disk;
    const level = disk.level === 'durable' ? 'disk' : 'os';
    return {
      name: this.name,
      features: { level, durable: true, dense: true },
      append: (events) => {
        const committed = this.commit({ events });
        if (committed instanceof Promise)
          return committed.then(({ first }) => ({ first: first ?? disk.records.bounds().last + 1, level }));
        return { first: committed.first ?? disk.records.bounds().last + 1, level };
      },
      read: (range) => {
        this.#open();
        return disk.records.read(range);
      },
      bounds: () => {
        this.#open();
        return disk.records.bounds();
      },
      positionAt: (time) => {
        this.#open();
        checkMoment('time', time);
        return disk.records.positionAt(time);
      },
      trim: async (before) => {
        this.#open();
        checkPosition('before', before);
        return disk.change(({ records }) => records.trim(before));
      },
      remove: async (positions) => {
        this.#open();
        for (const position of positions) checkPosition('position', position);
        return disk.change(({ records }) => records.remove(positions));
      },
      watch: (listener) => this.#appends.add(listener),
    };
  }

  #makeSnapshots(): SnapshotStore {
    const disk = this.#disk;
    return {
      name: this.name,
      read: (bucket, key) => {
        this.#open();
        return disk.states.read(bucket, key);
      },
      write: (write) => {
        const committed = this.commit({ writes: [write] });
        if (committed instanceof Promise) return committed.then(({ revisions: [revision = 0] }) => revision);
        const [revision = 0] = committed.revisions;
        return revision;
      },
      list: (bucket, options) => {
        this.#open();
        return disk.states.list(bucket, options);
      },
    };
  }
}
