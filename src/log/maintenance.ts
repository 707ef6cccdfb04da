import type { Subject } from 'rxjs';
import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import type { Store, StorePorts } from '../store.ts';
import { Archive } from './archive.ts';
import type { ArchiveFiles } from './archive-folder.ts';
import { AuditTrail } from './audit-trail.ts';
import type { ResolvedMaintain } from './maintain-options.ts';
import type { MaintenanceReport, MaintenanceStats } from './maintenance-report.ts';
import { Sweeper } from './maintenance-sweep.ts';
import { loadParquet } from './parquet-module.ts';
import { positionsIn } from './position-runs.ts';

/** Opens the files of an archive; a test may put others in their place. */
export type OpenFiles = (folder: string) => ArchiveFiles;

/** Keeps one store in order: sweeps on a timer, one at a time, and extends the audit trail. */
export class Maintenance {
  readonly archive: Archive | undefined;
  readonly trail: AuditTrail | undefined;
  readonly #store: Store;
  readonly #options: ResolvedMaintain;
  readonly #clock: Clock;
  readonly #sweeper: Sweeper;
  readonly #reports: Subject<MaintenanceReport>;
  readonly #timers = new Map<string, TimerHandle>();
  #opening: Promise<void> | undefined;
  #working: Promise<unknown> = Promise.resolve();
  #removed = 0;
  #unwatch: (() => void) | undefined;
  #closed = false;

  constructor(
    store: Store,
    options: ResolvedMaintain,
    { clock, random }: StorePorts,
    reports: Subject<MaintenanceReport>,
    openFiles: OpenFiles,
  ) {
    this.#store = store;
    this.#options = options;
    this.#clock = clock;
    this.#reports = reports;
    const { archive, audit } = options;
    if (archive !== undefined) {
      this.archive = new Archive(openFiles(archive.folder), store.snapshots, random);
    }
    if (audit !== undefined) this.trail = new AuditTrail(store, clock);
    this.#sweeper = new Sweeper({ store, archive: this.archive, trail: this.trail }, options, clock);
    this.#opening = this.#open();
    // Each who waits for it hears of a failure; where nobody does, the next sweep tells.
    this.#opening.catch(() => {});
  }

  /** Vouches for all that the log holds now. */
  async catchUp(): Promise<void> {
    await this.#opening;
    await this.trail?.catchUp();
  }

  /** Undefined once the archive and the trail are open. */
  readonly ready = (): Promise<void> | undefined => this.#opening;

  protect(lowestNeeded: () => number | Promise<number>): () => void {
    return this.#sweeper.protect(lowestNeeded);
  }

  /** Sweeps now, and takes out also what fills no segment. Rejects with what ended the sweep. */
  async run(): Promise<MaintenanceReport> {
    const report = await this.#inTurn(() => this.#sweep(true));
    if (report.error !== undefined) throw report.error;
    return report;
  }

  /** Runs what removes events outside of a sweep. They are taken down before. */
  removing<T>(positions: () => Promise<readonly number[]>, work: () => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      await this.#opening;
      if (this.trail !== undefined) {
        await this.trail.catchUp();
        await this.trail.remove(await positions());
      }
      const result = await work();
      this.#sweeper.forget();
      return result;
    });
  }

  async stats(): Promise<MaintenanceStats> {
    await this.#opening;
    const { archive } = this;
    const position = this.trail?.head?.position ?? 0;
    const { last } = await this.#store.log.bounds();
    return {
      removed: this.#removed,
      archive:
        archive === undefined
          ? undefined
          : {
              segments: archive.segments.length,
              events: archive.count,
              bytes: archive.bytes,
              bytesPerEvent: archive.count === 0 ? 0 : archive.bytes / archive.count,
            },
      audit: this.trail === undefined ? undefined : { position, behind: last - position },
    };
  }

  /** Ends the timers, waits for what is under way, and vouches for what came last. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#unwatch?.();
    for (const timer of this.#timers.values()) this.#clock.clearTimeout(timer);
    this.#timers.clear();
    await this.#inTurn(() => this.catchUp()).catch(() => {});
  }

  async #open(): Promise<void> {
    const { archive, audit, pressure, everyMs } = this.#options;
    if (archive?.parquet === true) await loadParquet();
    await this.trail?.open();
    const newest = await this.archive?.open();
    if (newest !== undefined) await this.#finishRemoval(newest.entry.first, positionsIn(newest.entry.runs));
    this.#opening = undefined;
    if (this.#closed) return;
    this.#every('sweep', everyMs, () => this.#inTurn(() => this.#sweep(false)));
    if (pressure !== undefined) {
      this.#every('pressure', pressure.everyMs, async () => {
        if (pressure.heapUsed() > pressure.heapBytes) await this.#inTurn(() => this.#sweep(false));
      });
    }
    if (audit !== undefined) {
      this.#unwatch = this.#store.log.watch(() => this.#auditSoon(audit.everyMs));
      this.#auditSoon(0);
    }
  }

  /** A crash may have come after the newest segment was listed and before its records left the log. */
  async #finishRemoval(first: number, positions: Iterable<number>): Promise<void> {
    const bounds = await this.#store.log.bounds();
    const left = Array.from(positions).filter((position) => position >= bounds.first);
    if (first <= bounds.last && left.length > 0) await this.#store.log.remove(left);
  }

  async #sweep(takesAll: boolean): Promise<MaintenanceReport> {
    await this.#opening;
    const report = await this.#sweeper.sweep(takesAll);
    this.#removed += report.removed;
    const { removed, segmentsDeleted, faults, error } = report;
    if (removed + segmentsDeleted + faults.length > 0 || error !== undefined) this.#reports.next(report);
    return report;
  }

  #auditSoon(delayMs: number): void {
    if (this.#timers.has('audit') || this.#closed) return;
    const extend = async (): Promise<void> => {
      this.#timers.delete('audit');
      await this.trail?.catchUp();
    };
    this.#timers.set(
      'audit',
      this.#clock.setTimeout(() => void extend().catch(this.#fail), delayMs, true),
    );
  }

  #every(name: string, everyMs: number, work: () => Promise<unknown>): void {
    const again = async (): Promise<void> => {
      try {
        await work();
      } catch (error) {
        this.#fail(error);
      }
      if (!this.#closed) this.#every(name, everyMs, work);
    };
    this.#timers.set(
      name,
      this.#clock.setTimeout(() => void again(), everyMs, true),
    );
  }

  /** Tells of a failure outside of a sweep. */
  readonly #fail = (error: unknown): void => {
    if (this.#closed) return;
    const none = { durationMs: 0, removed: 0, removedByPolicy: [], archived: 0, faults: [], floor: 0 };
    const rest = { segmentsWritten: 0, segmentsDeleted: 0, deferred: 0, underPressure: false };
    this.#reports.next({ startedAt: this.#clock.now(), ...none, ...rest, error });
  };

  /** One after the other: two sweeps at once would take the same events out. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#working.then(work, work);
    this.#working = done.catch(() => {});
    return done;
  }
}
