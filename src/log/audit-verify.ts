import { describeValue } from '../../streams/event/describe-value.ts';
import { checkOptions, type OptionNames } from '../../streams/event/check-options.ts';
import type { EventLog, LogFault, LogRecord } from '../event-log.ts';
import { checkInteger } from '../options.ts';
import type { SnapshotStore } from '../snapshot-store.ts';
import { digestOf, noHash, type AuditBlock, type AuditedEvent } from './audit-block.ts';
import { AuditFindings, type AuditFinding } from './audit-findings.ts';
import { readBlocks, type AuditCheckpoint } from './audit-trail.ts';

export interface VerifyAuditOptions {
  /** Links that were kept elsewhere; the trail must hold each. */
  readonly checkpoints?: readonly AuditCheckpoint[];
  /** Findings that are told in full; the rest is only counted. Default `100`. */
  readonly maxFindings?: number;
}

/** What a verification found. */
export interface AuditReport {
  /** Whether every event that the trail vouches for is what it was, and nothing stands between them. */
  readonly ok: boolean;
  /** Events that are what they were. */
  readonly verified: number;
  /** Events that were removed on purpose, as the trail says. */
  readonly removed: number;
  /** Events behind the end of the trail, for which nothing vouches yet. */
  readonly unaudited: number;
  /** Last link of the trail; undefined when there is none. */
  readonly head: AuditCheckpoint | undefined;
  /** By position. */
  readonly findings: readonly AuditFinding[];
  readonly findingCount: number;
}

const names: OptionNames<VerifyAuditOptions> = { checkpoints: true, maxFindings: true };
const pageBlocks = 64;

/**
 * Compares a log, its archive included, with its audit trail, event by event.
 *
 * Finds events that were changed, removed, inserted or swapped, and links of the trail that were, and names their
 * positions. Whoever can write the store can write events and trail anew in one go: only a checkpoint that was kept
 * elsewhere finds that. Cost: one pass over trail and log, a hash an event; memory for one page of each.
 *
 * @throws StorageError when the store cannot be read
 */
export async function verifyTrail(
  log: EventLog,
  snapshots: SnapshotStore,
  options: VerifyAuditOptions = {},
): Promise<AuditReport> {
  checkOptions('verifyAudit', options, names);
  const { checkpoints = [], maxFindings = 100 } = options;
  checkInteger('maxFindings', maxFindings, 1);
  checkAnchors(checkpoints);
  const verification = new Verification(log, snapshots, new AuditFindings(maxFindings));
  await verification.run(checkpoints);
  return verification.report();
}

function checkAnchors(checkpoints: readonly AuditCheckpoint[]): void {
  if (!Array.isArray(checkpoints)) {
    throw new TypeError(`checkpoints must be an array, got ${describeValue(checkpoints)}`);
  }
  for (const { sequence, hash } of checkpoints) {
    if (Number.isSafeInteger(sequence) && typeof hash === 'string') continue;
    throw new TypeError(
      'each of checkpoints must be one that checkpoint() gave: a sequence, a position and a hash',
    );
  }
}

class Verification {
  readonly #snapshots: SnapshotStore;
  readonly #records: RecordCursor;
  readonly #findings: AuditFindings;
  /** What the last block vouched for is not known, for it cannot be read. */
  #blind = false;
  #verified = 0;
  #unaudited = 0;
  #head: AuditCheckpoint | undefined;

  constructor(log: EventLog, snapshots: SnapshotStore, findings: AuditFindings) {
    this.#records = new RecordCursor(log);
    this.#snapshots = snapshots;
    this.#findings = findings;
  }

  async run(checkpoints: readonly AuditCheckpoint[]): Promise<void> {
    const anchors = new Map(checkpoints.map((checkpoint) => [checkpoint.sequence, checkpoint]));
    let previous: Buffer | undefined = noHash;
    for (;;) {
      const blocks = await readBlocks(this.#snapshots, this.#head?.sequence ?? 0, pageBlocks);
      if (blocks.length === 0) break;
      for (const block of blocks) {
        const { sequence } = block;
        const position: number = this.#head?.position ?? 0;
        const anchor = anchors.get(sequence);
        anchors.delete(sequence);
        if ('fault' in block) {
          this.#findings.add({ kind: 'trail', position: position + 1, detail: block.fault });
          this.#head = { sequence, position, hash: '' };
          previous = undefined;
          this.#blind = true;
          continue;
        }
        if (previous !== undefined && !previous.equals(block.previous)) {
          this.#trail(position + 1, `block ${sequence} does not follow the block before`);
        }
        previous = block.hash;
        const hash = block.hash.toString('hex');
        if (anchor !== undefined && anchor.hash !== hash) {
          this.#trail(position + 1, `block ${sequence} is not the one of the checkpoint`);
        }
        await this.#compare(block);
        const last = block.events.at(-1)?.position ?? position;
        this.#head = { sequence, position: Math.max(position, last), hash };
      }
    }
    for (const { sequence, position } of anchors.values()) {
      this.#trail(position, `the trail does not hold block ${sequence}, of which there is a checkpoint`);
    }
    while ((await this.#records.peek()) !== undefined) {
      this.#records.skip();
      this.#unaudited += 1;
    }
  }

  report(): AuditReport {
    const { list, count, removed } = this.#findings.finish();
    return {
      ok: count === 0,
      verified: this.#verified,
      removed,
      unaudited: this.#unaudited,
      head: this.#head,
      findings: list,
      findingCount: count,
    };
  }

  #trail(position: number, detail: string): void {
    this.#findings.add({ kind: 'trail', position, detail });
  }

  async #compare({ events, removed }: AuditBlock): Promise<void> {
    this.#findings.excuse(removed);
    for (const audited of events) {
      for (;;) {
        const found = await this.#records.peek();
        if (found === undefined || found.position > audited.position) {
          this.#findings.miss(audited.position);
          break;
        }
        this.#records.skip();
        if (found.position === audited.position) {
          this.#judge(audited, found);
          break;
        }
        if (this.#blind) continue;
        const detail = 'stands where the trail has no event';
        this.#findings.add({ kind: 'inserted', position: found.position, detail });
      }
      this.#blind = false;
    }
  }

  #judge(audited: AuditedEvent, found: LogRecord | LogFault): void {
    const { position, digest } = audited;
    if ('reason' in found) {
      this.#findings.add({ kind: 'unreadable', position, detail: found.reason });
      return;
    }
    const now = digestOf(found) ?? noHash;
    if (digest.equals(noHash)) {
      this.#findings.add({ kind: 'unreadable', position, detail: 'could not be read when it was audited' });
    } else if (now.equals(digest)) {
      if (found.appendedAt === audited.appendedAt) this.#verified += 1;
      else this.#findings.add({ kind: 'changed', position, detail: 'has another time of its append' });
    } else this.#findings.change(position, digest, now);
  }
}

/** Goes through a log record by record, those that cannot be read among them. */
class RecordCursor {
  readonly #log: EventLog;
  #page: readonly (LogRecord | LogFault)[] = [];
  #at = 0;
  #from = 1;
  #atEnd = false;

  constructor(log: EventLog) {
    this.#log = log;
  }

  async peek(): Promise<LogRecord | LogFault | undefined> {
    while (this.#at === this.#page.length && !this.#atEnd) {
      const { records, faults, next, atEnd } = await this.#log.read({ from: this.#from, limit: 512 });
      this.#page =
        faults.length === 0 ? records : [...records, ...faults].toSorted((a, b) => a.position - b.position);
      this.#at = 0;
      this.#from = next;
      this.#atEnd = atEnd;
    }
    return this.#page[this.#at];
  }

  skip(): void {
    this.#at += 1;
  }
}
