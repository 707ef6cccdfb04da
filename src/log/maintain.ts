import { Subject, type Observable } from 'rxjs';
import { StorageError } from '../../streams/event/errors.ts';
import type { EventLog } from '../event-log.ts';
import type { Store, StoreFactory, StorePorts } from '../store.ts';
import { openArchiveFolder } from './archive-folder.ts';
import { archivedLog } from './archived-log.ts';
import type { AuditCheckpoint, AuditTrail } from './audit-trail.ts';
import { verifyTrail, type AuditReport, type VerifyAuditOptions } from './audit-verify.ts';
import { resolveMaintain, type MaintainOptions, type ResolvedMaintain } from './maintain-options.ts';
import { maintainedLog } from './maintained-log.ts';
import { Maintenance, type OpenFiles } from './maintenance.ts';
import type { MaintenanceReport, MaintenanceStats } from './maintenance-report.ts';

/** A store that keeps itself in order: hand it to the transport, and keep it to see what it does. */
export interface MaintainedStore extends StoreFactory {
  /** Emits after each sweep that removed something, found damage or failed. Silent before the store is open. */
  readonly reports$: Observable<MaintenanceReport>;
  /** The log, its archive included. @throws StorageError before the store is open */
  log(): EventLog;
  /** Sweeps now; what is due goes, also where it fills no segment. @throws StorageError, and what ended the sweep */
  run(): Promise<MaintenanceReport>;
  stats(): Promise<MaintenanceStats>;
  /** Compares all events, archived ones too, with the audit trail. @throws StorageError without `audit` */
  verifyAudit(options?: VerifyAuditOptions): Promise<AuditReport>;
  /** Vouches for all events up to now, and gives the link to keep elsewhere. @throws StorageError without `audit` */
  checkpoint(): Promise<AuditCheckpoint | undefined>;
}

/**
 * Makes a store remove, archive and audit its events by itself: `durableTransport(maintain(memoryStore(), { … }))`.
 *
 * Sweeps run in the background, page by page on the clock of the bus; a publish never waits for one. Nothing is removed
 * that a durable subscription has yet to pass. What is archived is on disk before it leaves the log, and reads of the
 * log go on to give it. The audit trail follows appends within `audit.everyMs`: until then nothing vouches for them.
 * Cost: a publish pays one call; an audited event about 8 µs and 48 bytes, an archived one about 4 µs, off its path.
 *
 * @throws TypeError, RangeError for options that make no sense; the store it makes: StorageError for the folder
 */
export function maintain(store: StoreFactory, options: MaintainOptions): MaintainedStore {
  return maintainWith(store, options, openArchiveFolder);
}

/** `maintain` with the files of the archive in other hands, for tests. */
export function maintainWith(
  store: StoreFactory,
  options: MaintainOptions,
  openFiles: OpenFiles,
): MaintainedStore {
  if (typeof store !== 'function') {
    throw new TypeError('maintain takes a store first: memoryStore() or lmdbStore({ … })');
  }
  const resolved = resolveMaintain(options);
  const reports = new Subject<MaintenanceReport>();
  let current: Opened | undefined;
  const opened = (): Opened => {
    if (current !== undefined) return current;
    throw new StorageError('this store is not open: create the bus whose transport was given it first');
  };
  const open: StoreFactory = (ports) => {
    if (current !== undefined) {
      throw new StorageError('this store is open already: a store belongs to one bus. Make one for each');
    }
    current = openStore(store(ports), resolved, ports, reports, openFiles, () => (current = undefined));
    return current.store;
  };
  return Object.assign(open, {
    reports$: reports.asObservable(),
    log: () => opened().store.log,
    run: async () => opened().maintenance.run(),
    stats: async () => opened().maintenance.stats(),
    verifyAudit: async (wanted?: VerifyAuditOptions) => {
      const { store: source, maintenance } = opened();
      trailOf(maintenance);
      await maintenance.catchUp();
      return verifyTrail(source.log, source.snapshots, wanted);
    },
    checkpoint: async () => {
      const { maintenance } = opened();
      const trail = trailOf(maintenance);
      await maintenance.catchUp();
      return trail.head;
    },
  });
}

interface Opened {
  readonly store: Store;
  readonly maintenance: Maintenance;
}

function trailOf({ trail }: Maintenance): AuditTrail {
  if (trail !== undefined) return trail;
  throw new StorageError('this store keeps no audit trail. Give maintain the option audit: true');
}

function openStore(
  store: Store,
  options: ResolvedMaintain,
  ports: StorePorts,
  reports: Subject<MaintenanceReport>,
  openFiles: OpenFiles,
  onClose: () => void,
): Opened {
  let maintenance: Maintenance;
  try {
    maintenance = new Maintenance(store, options, ports, reports, openFiles);
  } catch (error) {
    // Whoever gets no store cannot close it.
    void store.close();
    throw error;
  }
  const { archive, ready } = maintenance;
  const whole = archive === undefined ? store.log : archivedLog(store.log, archive, ready);
  const maintained: Store = {
    name: store.name,
    log: maintainedLog(whole, maintenance),
    snapshots: store.snapshots,
    commit: (commit) => store.commit(commit),
    health: () => store.health(),
    onHealth: (listener) => store.onHealth(listener),
    protect: (lowestNeeded) => maintenance.protect(lowestNeeded),
    close: async () => {
      await maintenance.close();
      await store.close();
      onClose();
    },
  };
  return { store: maintained, maintenance };
}
