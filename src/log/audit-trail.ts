import type { Clock } from '../../streams/event/clock.ts';
import { StorageError } from '../../streams/event/errors.ts';
import type { EventLog, LogPage } from '../event-log.ts';
import type { SnapshotStore } from '../snapshot-store.ts';
import type { Store } from '../store.ts';
import {
  auditBucket,
  blockKey,
  decodeBlock,
  digestOf,
  encodeBlock,
  noHash,
  type AuditBlock,
  type AuditedEvent,
} from './audit-block.ts';
import { runsOf } from './position-runs.ts';

const headKey = 'head';

/**
 * One link of an audit trail, to be kept where who writes the log cannot write: whoever rewrites events and trail alike
 * cannot make one that fits it.
 */
export interface AuditCheckpoint {
  /** Number of the block. */
  readonly sequence: number;
  /** Highest position that the trail vouches for up to there. */
  readonly position: number;
  /** Hash of the block: 64 hexadecimal digits. */
  readonly hash: string;
}

/** Events in a block at most. */
const blockEvents = 512;

/**
 * Extends the chain of hashes over a log: reads what was appended since, and writes one block for it.
 *
 * Blocks are written with the revision that they expect, so that two auditors of one log cannot fork the chain.
 */
export class AuditTrail {
  readonly #log: EventLog;
  readonly #store: Store;
  readonly #clock: Clock;
  #head: AuditCheckpoint | undefined;
  #working: Promise<unknown> = Promise.resolve();

  constructor(store: Store, clock: Clock) {
    this.#log = store.log;
    this.#store = store;
    this.#clock = clock;
  }

  /** The last link; undefined before the first. */
  get head(): AuditCheckpoint | undefined {
    return this.#head;
  }

  /** Finds the last link. @throws StorageError when the trail is damaged there */
  async open(): Promise<void> {
    this.#head = await lastLink(this.#store.snapshots);
  }

  /** Vouches for all that the log holds now. Resolves to how many events are new. */
  catchUp(): Promise<number> {
    return this.#inTurn(async () => {
      let added = 0;
      for (let from = (this.#head?.position ?? 0) + 1; ;) {
        const page = await this.#log.read({ from, limit: blockEvents });
        const events = eventsOf(page);
        if (events.length > 0) await this.#write(events, []);
        added += events.length;
        if (page.atEnd) return added;
        from = page.next;
        await new Promise<void>((resolve) => {
          this.#clock.yieldTurn(resolve);
        });
      }
    });
  }

  /** Takes down, before it is done, that events are removed on purpose. */
  remove(positions: readonly number[]): Promise<void> {
    if (positions.length === 0) return Promise.resolve();
    return this.#inTurn(() => this.#write([], runsOf(positions.toSorted((a, b) => a - b))));
  }

  async #write(events: readonly AuditedEvent[], removed: readonly number[]): Promise<void> {
    const sequence = (this.#head?.sequence ?? 0) + 1;
    const previous = this.#head === undefined ? noHash : Buffer.from(this.#head.hash, 'hex');
    const { value, hash } = encodeBlock({ previous, events, removed });
    const position = events.at(-1)?.position ?? this.#head?.position ?? 0;
    const head = { sequence, position, hash: hash.toString('hex') };
    await this.#store.commit({
      writes: [
        { bucket: auditBucket, key: blockKey(sequence), value, expected: 0 },
        { bucket: auditBucket, key: headKey, value: Buffer.from(JSON.stringify(head)) },
      ],
    });
    this.#head = head;
  }

  /** One write after the other: each needs the hash of the one before. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#working.then(work, work);
    this.#working = done.catch(() => {});
    return done;
  }
}

function eventsOf(page: LogPage): AuditedEvent[] {
  const events = page.records.map((record) => ({
    position: record.position,
    appendedAt: record.appendedAt,
    digest: digestOf(record) ?? noHash,
  }));
  if (page.faults.length === 0) return events;
  const unread = page.faults.map(({ position }) => ({ position, appendedAt: 0, digest: noHash }));
  return [...events, ...unread].toSorted((a, b) => a.position - b.position);
}

/** A block that cannot be had. */
export interface AuditFault {
  readonly sequence: number;
  readonly fault: string;
}

/** Reads a page of blocks after one, with a fault in the place of each that is damaged or missing. */
export async function readBlocks(
  snapshots: SnapshotStore,
  after: number,
  limit: number,
): Promise<(AuditBlock | AuditFault)[]> {
  const page = await snapshots.list(auditBucket, { prefix: 'block/', after: blockKey(after), limit });
  const blocks: (AuditBlock | AuditFault)[] = [];
  let next = after + 1;
  for (const { key, value } of page) {
    const sequence = Number(key.slice('block/'.length));
    if (sequence !== next) blocks.push({ sequence: sequence - 1, fault: missing(next, sequence - 1) });
    try {
      blocks.push(decodeBlock(sequence, value));
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      blocks.push({ sequence, fault: `block ${sequence} of the trail ${error.message}` });
    }
    next = sequence + 1;
  }
  return blocks;
}

function missing(from: number, to: number): string {
  return from === to
    ? `block ${from} of the trail is missing`
    : `blocks ${from} to ${to} of the trail are missing`;
}

/** The last link of a trail. */
async function lastLink(snapshots: SnapshotStore): Promise<AuditCheckpoint | undefined> {
  const noted = await snapshots.read(auditBucket, headKey);
  if (noted === undefined) return undefined;
  const head: unknown = JSON.parse(Buffer.from(noted.value).toString());
  if (isCheckpoint(head)) return head;
  throw new StorageError('the head of the audit trail is damaged. Verify the trail, and restore the store');
}

function isCheckpoint(value: unknown): value is AuditCheckpoint {
  if (typeof value !== 'object' || value === null) return false;
  const { sequence, position, hash } = value as Partial<Record<keyof AuditCheckpoint, unknown>>;
  const isHash = typeof hash === 'string' && /^[0-9a-f]{64}$/u.test(hash);
  return Number.isSafeInteger(sequence) && Number.isSafeInteger(position) && isHash;
}
