import type { Clock } from '../../streams/event/clock.ts';
import type { LogRecord } from '../event-log.ts';
import type { Store } from '../store.ts';
import type { Archive } from './archive.ts';
import type { AuditTrail } from './audit-trail.ts';
import type { ResolvedMaintain } from './maintain-options.ts';
import type { MaintenanceReport } from './maintenance-report.ts';
import { encodeParquet } from './parquet.ts';
import { positionsIn, runsOf } from './position-runs.ts';
import { Retention, type SweepOptions } from './retention.ts';

type LowestNeeded = () => number | Promise<number>;

/** What a sweep works on. */
export interface SweptStore {
  readonly store: Store;
  readonly archive: Archive | undefined;
  readonly trail: AuditTrail | undefined;
}

/**
 * Sweeps one store: finds what is due and takes it out.
 *
 * Order of a removal, so that a crash between any two steps loses nothing: audit what is new; write the segment; list
 * it; remove from the log. What goes without an archive is first taken down in the audit trail.
 */
export class Sweeper {
  readonly #store: Store;
  readonly #archive: Archive | undefined;
  readonly #trail: AuditTrail | undefined;
  readonly #options: ResolvedMaintain;
  readonly #clock: Clock;
  readonly #retention: Retention;
  readonly #pressure: Retention | undefined;
  readonly #needed = new Set<LowestNeeded>();
  #waitingSince: number | undefined;
  /** Positions whose events are about to leave the log. */
  #leaving: readonly number[] = [];

  constructor({ store, archive, trail }: SweptStore, options: ResolvedMaintain, clock: Clock) {
    this.#store = store;
    this.#archive = archive;
    this.#trail = trail;
    this.#options = options;
    this.#clock = clock;
    const { retention, pressure, maxKeys } = options;
    this.#retention = new Retention(store.log, clock, retention, maxKeys);
    if (pressure !== undefined) {
      this.#pressure = new Retention(store.log, clock, pressure.retention, maxKeys);
    }
  }

  protect(lowestNeeded: LowestNeeded): () => void {
    // A function of its own: one may be given twice, and ends once each.
    const entry: LowestNeeded = () => lowestNeeded();
    this.#needed.add(entry);
    return () => {
      this.#needed.delete(entry);
    };
  }

  /** Counts anew with the next sweep: somebody else removed events. */
  forget(): void {
    this.#retention.forget();
    this.#pressure?.forget();
  }

  /** Sweeps once. What fails is in the report. */
  async sweep(takesAll: boolean): Promise<MaintenanceReport> {
    const { retention, pressure } = this.#options;
    const startedAt = this.#clock.now();
    const started = this.#clock.monotonic();
    const counts = { removed: 0, archived: 0, segmentsWritten: 0, segmentsDeleted: 0 };
    const swept = { removedByPolicy: retention.policies.map(() => 0), deferred: 0 };
    let floor = 0;
    let faults: MaintenanceReport['faults'] = [];
    let underPressure = false;
    let error: unknown;
    try {
      await this.#finishRemoval();
      await this.#trail?.catchUp();
      floor = await this.#floor();
      const options = this.#sweepOptions(floor, startedAt, takesAll, counts);
      const result = await this.#retention.sweep(options);
      swept.removedByPolicy = [...result.removed];
      swept.deferred = result.deferred;
      faults = result.faults;
      this.#noteDeferred(result.deferred, startedAt);
      underPressure = pressure !== undefined && pressure.heapUsed() > pressure.heapBytes;
      if (underPressure) await this.#relieve(this.#sweepOptions(floor, startedAt, true, counts));
      counts.segmentsDeleted = await this.#limitArchive(startedAt);
    } catch (caught) {
      error = caught;
      // A batch may have gone before the failure: amounts are counted anew.
      this.forget();
    }
    const durationMs = this.#clock.monotonic() - started;
    const report = { startedAt, durationMs, ...swept, ...counts, underPressure, floor, faults };
    return error === undefined ? report : { ...report, error };
  }

  #sweepOptions(
    floor: number,
    now: number,
    takesAll: boolean,
    counts: { removed: number; archived: number; segmentsWritten: number },
  ): SweepOptions {
    const { archive } = this.#options;
    return {
      floor,
      now,
      batch: { count: archive?.segmentEvents ?? 4_096, bytes: archive?.segmentBytes ?? Infinity },
      takesRest: () => {
        const waitedMs = this.#waitingSince === undefined ? 0 : now - this.#waitingSince;
        return takesAll || archive === undefined || waitedMs >= archive.maxDelayMs;
      },
      remove: async (records) => {
        await this.#takeOut(records);
        counts.removed += records.length;
        if (this.#archive === undefined) return;
        counts.archived += records.length;
        counts.segmentsWritten += 1;
      },
    };
  }

  async #takeOut(records: readonly LogRecord[]): Promise<void> {
    const positions = records.map(({ position }) => position);
    if (this.#archive === undefined) await this.#trail?.remove(positions);
    else {
      const table = this.#options.archive?.parquet === true ? await encodeParquet(records) : undefined;
      await this.#archive.write(records, table);
    }
    this.#leaving = positions;
    await this.#finishRemoval();
  }

  /**
   * Takes out of the log what is listed in the archive, or taken down in the trail. Where the log refuses, the next
   * sweep has to do it first, or it would archive the same events again.
   */
  async #finishRemoval(): Promise<void> {
    if (this.#leaving.length === 0) return;
    const { log } = this.#store;
    const runs = runsOf(this.#leaving);
    const [start = 0, length = 0] = runs;
    const { first } = await log.bounds();
    // The oldest of the log, and nothing unreadable between them: cheaper as one piece.
    if (runs.length === 2 && start === first) await log.trim(start + length);
    else await log.remove(this.#leaving);
    this.#leaving = [];
  }

  /** Frees memory by the tighter policies, and asks the engine to collect where it lets itself be asked. */
  async #relieve(options: SweepOptions): Promise<void> {
    const { removed } = (await this.#pressure?.sweep(options)) ?? { removed: [] };
    if (removed.some((count) => count > 0)) this.#retention.forget();
    const collect: unknown = Reflect.get(globalThis, 'gc');
    if (typeof collect === 'function') Reflect.apply(collect, undefined, []);
  }

  async #limitArchive(now: number): Promise<number> {
    const archive = this.#archive;
    const { maxBytes = Infinity, maxAgeMs = Infinity } = this.#options.archive ?? {};
    let deleted = 0;
    for (;;) {
      const [oldest] = archive?.segments ?? [];
      if (archive === undefined || oldest === undefined) return deleted;
      if (archive.bytes <= maxBytes && now - oldest.entry.lastAt <= maxAgeMs) return deleted;
      await this.#trail?.remove([...positionsIn(oldest.entry.runs)]);
      await archive.drop(oldest);
      deleted += 1;
    }
  }

  #noteDeferred(deferred: number, now: number): void {
    if (deferred === 0) this.#waitingSince = undefined;
    else this.#waitingSince ??= now;
  }

  /** The lowest position that must stay. */
  async #floor(): Promise<number> {
    const { last } = await this.#store.log.bounds();
    let floor = last + 1;
    if (this.#trail !== undefined) floor = Math.min(floor, (this.#trail.head?.position ?? 0) + 1);
    if (!this.#options.respectCursors) return floor;
    for (const lowestNeeded of this.#needed) floor = Math.min(floor, await lowestNeeded());
    return floor;
  }
}
