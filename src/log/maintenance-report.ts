import type { LogFault } from '../event-log.ts';

/** What one sweep of maintenance did. */
export interface MaintenanceReport {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly durationMs: number;
  /** Events that left the log. */
  readonly removed: number;
  /** The same by policy, in the order of `retention`. */
  readonly removedByPolicy: readonly number[];
  /** Of those, events that went to the archive. */
  readonly archived: number;
  /** Segments written, and deleted for the limits of the archive. */
  readonly segmentsWritten: number;
  readonly segmentsDeleted: number;
  /** Events that are due and wait for a segment to fill. */
  readonly deferred: number;
  /** Whether the policies for memory pressure held. */
  readonly underPressure: boolean;
  /** Nothing from this position on could be removed: a subscription needs it, or it has not been audited. */
  readonly floor: number;
  /** What could not be read, and so stays where it is. */
  readonly faults: readonly LogFault[];
  /** Why the sweep ended early. What it had not finished is as it was; the next sweep tries again. */
  readonly error?: unknown;
}

/** Where maintenance stands. */
export interface MaintenanceStats {
  /** Events removed from the log since the start. */
  readonly removed: number;
  readonly archive:
    | {
        readonly segments: number;
        readonly events: number;
        readonly bytes: number;
        readonly bytesPerEvent: number;
      }
    | undefined;
  /** Up to where the audit trail vouches, and how many positions lie behind it. */
  readonly audit: { readonly position: number; readonly behind: number } | undefined;
}
