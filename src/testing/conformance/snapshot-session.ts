import type { LogFeatures } from '../../event-log.ts';
import type { SnapshotEntry, SnapshotStore, SnapshotWrite } from '../../snapshot-store.ts';
import type { StorePorts } from '../../store.ts';
import { createVirtualClock } from '../virtual-clock.ts';

/** A snapshot store that is open, with the way to close it. */
export interface OpenSnapshots {
  readonly snapshots: SnapshotStore;
  readonly close: () => Promise<void>;
}

/** A kind of snapshot store, as its conformance suite needs it. */
export interface SnapshotStoreSubject {
  readonly name: string;
  /** Snapshots outlive the process. */
  readonly features: Pick<LogFeatures, 'durable'>;
  /** Opens the store at a place: empty at a new one; a durable store has what was written there before. */
  readonly open: (place: string, ports: StorePorts) => OpenSnapshots | Promise<OpenSnapshots>;
  /** Runs of the model at least. Default `50`. */
  readonly runs?: number;
}

/** An open store, which can be closed and opened again. */
export class SnapshotSession {
  readonly #subject: SnapshotStoreSubject;
  readonly #place: string;
  #open: OpenSnapshots | undefined;

  constructor(subject: SnapshotStoreSubject, place: string) {
    this.#subject = subject;
    this.#place = place;
  }

  get snapshots(): SnapshotStore {
    if (this.#open === undefined) throw new TypeError('the session has not been opened');
    return this.#open.snapshots;
  }

  async open(): Promise<void> {
    this.#open = await this.#subject.open(this.#place, { clock: createVirtualClock(), random: () => 0.5 });
  }

  async close(): Promise<void> {
    await this.#open?.close();
  }

  async reopen(): Promise<void> {
    await this.close();
    await this.open();
  }

  /** Writes; always a promise, so that several may be awaited together. */
  async write(bucket: string, key: string, text: string | undefined, expected?: number): Promise<number> {
    return this.snapshots.write(textWrite(bucket, key, text, expected));
  }

  /** The text and the revision of a key. */
  async read(bucket: string, key: string): Promise<readonly [text: string, revision: number] | undefined> {
    const found = await this.snapshots.read(bucket, key);
    return found === undefined ? undefined : [textOf(found.value), found.revision];
  }

  /** All keys of a bucket with their texts, read in pages of `limit`. */
  async list(bucket: string, limit: number, prefix = ''): Promise<(readonly [key: string, text: string])[]> {
    const found: SnapshotEntry[] = [];
    for (;;) {
      const after = found.at(-1)?.key;
      const options = {
        limit,
        ...(after === undefined ? {} : { after }),
        ...(prefix === '' ? {} : { prefix }),
      };
      const page = await this.snapshots.list(bucket, options);
      found.push(...page);
      if (page.length > limit) throw new Error(`a page of ${limit} has ${page.length} entries`);
      if (page.length < limit) return found.map(({ key, value }) => [key, textOf(value)] as const);
    }
  }
}

/** Opens a store at a place, does `work` with it, and closes it. */
export async function withSnapshots(
  subject: SnapshotStoreSubject,
  place: string,
  work: (session: SnapshotSession) => Promise<void>,
): Promise<void> {
  const session = new SnapshotSession(subject, place);
  await session.open();
  try {
    await work(session);
  } finally {
    await session.close();
  }
}

/** A write of text. */
export function textWrite(
  bucket: string,
  key: string,
  text: string | undefined,
  expected?: number,
): SnapshotWrite {
  const value = text === undefined ? undefined : new TextEncoder().encode(text);
  return expected === undefined ? { bucket, key, value } : { bucket, key, value, expected };
}

/** The text of a value. */
export function textOf(value: Uint8Array): string {
  return new TextDecoder().decode(value);
}
