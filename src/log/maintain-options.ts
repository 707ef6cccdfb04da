import { describeValue } from '../../streams/event/describe-value.ts';
import { checkOptions, type OptionNames } from '../../streams/event/check-options.ts';
import { checkInteger } from '../options.ts';
import { resolvePolicies, type PolicySet, type RetentionPolicy } from './retention-policy.ts';

/** Where events go that leave the log. */
export interface ArchiveOptions {
  /** Made, with mode 0700, where there is none. Several logs may share one. */
  readonly folder: string;
  /** Events in a segment. Fewer wait in the log until they are as many. Default `65_536`. */
  readonly segmentEvents?: number;
  /** Bytes of the events in a segment, not compressed. Default `33_554_432`. */
  readonly segmentBytes?: number;
  /** Milliseconds that events wait for a segment to fill. Default `3_600_000`, an hour. */
  readonly maxDelayMs?: number;
  /** Whether to write each segment as a Parquet file, too; needs the package hyparquet-writer. Default `false`. */
  readonly parquet?: boolean;
  /** Bytes of all segments; beyond, the oldest is deleted. Default `Infinity`. */
  readonly maxBytes?: number;
  /** Milliseconds since the last event of a segment was appended; beyond, it is deleted. Default `Infinity`. */
  readonly maxAgeMs?: number;
}

export interface AuditOptions {
  /** Milliseconds after an append until the trail vouches for it. Default `1_000`. */
  readonly everyMs?: number;
}

/** Policies for when memory runs short. */
export interface PressureOptions {
  /** Bytes of the heap in use beyond which they hold. */
  readonly heapBytes: number;
  readonly retention: readonly RetentionPolicy[];
  /** Milliseconds between two looks at the heap. Default `5_000`. */
  readonly everyMs?: number;
  /** Gives the bytes in use. Default: what the engine says. */
  readonly heapUsed?: () => number;
}

/** What is to become of old events. */
export interface MaintainOptions {
  /** Which events leave the log, and when. Default: none does. */
  readonly retention?: readonly RetentionPolicy[];
  /** Keeps what leaves the log in files, which reads go on to see. Default: it is gone. */
  readonly archive?: ArchiveOptions;
  /** Keeps a chain of hashes over all events. Default `false`. */
  readonly audit?: AuditOptions | boolean;
  /** Milliseconds between two sweeps. Default `60_000`. */
  readonly everyMs?: number;
  /** Keeps all that a durable subscription has not passed, whatever the policies say. Default `true`. */
  readonly respectCursors?: boolean;
  /** Keys that `last-per-key` remembers; others it looks up in the log. Default `262_144`. */
  readonly maxKeys?: number;
  readonly pressure?: PressureOptions;
}

export interface ResolvedMaintain {
  readonly retention: PolicySet;
  readonly archive: Required<ArchiveOptions> | undefined;
  readonly audit: Required<AuditOptions> | undefined;
  readonly everyMs: number;
  readonly respectCursors: boolean;
  readonly maxKeys: number;
  readonly pressure:
    | (Omit<Required<PressureOptions>, 'retention'> & { readonly retention: PolicySet })
    | undefined;
}

const names: OptionNames<MaintainOptions> = {
  retention: true,
  archive: true,
  audit: true,
  everyMs: true,
  respectCursors: true,
  maxKeys: true,
  pressure: true,
};
const archiveNames: OptionNames<ArchiveOptions> = {
  folder: true,
  segmentEvents: true,
  segmentBytes: true,
  maxDelayMs: true,
  parquet: true,
  maxBytes: true,
  maxAgeMs: true,
};
const auditNames: OptionNames<AuditOptions> = { everyMs: true };
const pressureNames: OptionNames<PressureOptions> = {
  heapBytes: true,
  retention: true,
  everyMs: true,
  heapUsed: true,
};
const longestMs = Number.MAX_SAFE_INTEGER;

/** Checks options and fills in the defaults. @throws TypeError, RangeError that name the option */
export function resolveMaintain(options: MaintainOptions): ResolvedMaintain {
  checkOptions('maintain', options, names);
  const { retention = [], archive, audit = false, pressure } = options;
  const { everyMs = 60_000, respectCursors = true, maxKeys = 262_144 } = options;
  checkInteger('everyMs', everyMs, 1, longestMs);
  checkInteger('maxKeys', maxKeys, 1, longestMs);
  checkFlag('respectCursors', respectCursors);
  return {
    retention: resolvePolicies(retention),
    archive: archive === undefined ? undefined : resolveArchive(archive),
    audit: resolveAudit(audit),
    everyMs,
    respectCursors,
    maxKeys,
    pressure: pressure === undefined ? undefined : resolvePressure(pressure),
  };
}

function resolveArchive(options: ArchiveOptions): Required<ArchiveOptions> {
  checkOptions('archive', options, archiveNames);
  const { folder, segmentEvents = 65_536, segmentBytes = 33_554_432, maxDelayMs = 3_600_000 } = options;
  const { parquet = false, maxBytes = Infinity, maxAgeMs = Infinity } = options;
  if (typeof folder !== 'string' || folder === '') {
    throw new TypeError(`archive.folder must be the path of a folder, got ${describeValue(folder)}`);
  }
  checkInteger('archive.segmentEvents', segmentEvents, 1, 1_048_576);
  checkInteger('archive.segmentBytes', segmentBytes, 1, 1_073_741_824);
  checkInteger('archive.maxDelayMs', maxDelayMs, 0);
  checkFlag('archive.parquet', parquet);
  checkInteger('archive.maxBytes', maxBytes, 0);
  checkInteger('archive.maxAgeMs', maxAgeMs, 0);
  return { folder, segmentEvents, segmentBytes, maxDelayMs, parquet, maxBytes, maxAgeMs };
}

function resolveAudit(audit: AuditOptions | boolean): Required<AuditOptions> | undefined {
  if (audit === false) return undefined;
  const options = audit === true ? {} : audit;
  checkOptions('audit', options, auditNames);
  const { everyMs = 1_000 } = options;
  checkInteger('audit.everyMs', everyMs, 0, longestMs);
  return { everyMs };
}

function resolvePressure(options: PressureOptions): NonNullable<ResolvedMaintain['pressure']> {
  checkOptions('pressure', options, pressureNames);
  const { heapBytes, retention, everyMs = 5_000, heapUsed = engineHeap } = options;
  checkInteger('pressure.heapBytes', heapBytes, 0);
  checkInteger('pressure.everyMs', everyMs, 1, longestMs);
  if (typeof heapUsed !== 'function') {
    throw new TypeError(`pressure.heapUsed must be a function, got ${describeValue(heapUsed)}`);
  }
  return { heapBytes, retention: resolvePolicies(retention), everyMs, heapUsed };
}

function engineHeap(): number {
  return process.memoryUsage().heapUsed;
}

function checkFlag(name: string, value: unknown): void {
  if (typeof value === 'boolean') return;
  throw new TypeError(`${name} must be true or false, got ${describeValue(value)}`);
}
