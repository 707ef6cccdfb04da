import { ConflictError } from '../../streams/event/errors.ts';
import type { Begun } from '../leases/begun.ts';
import type { SnapshotStore } from '../snapshot-store.ts';
import {
  decodeProgress,
  encodeProgress,
  noProgress,
  type PartitionProgress,
  type Settled,
} from './partition-progress.ts';

/** Which record, and whose turn it is. */
export interface PartitionRecordConfig {
  readonly bucket: string;
  readonly key: string;
  readonly token: number;
}

/**
 * The kept progress of a partition, in the hands of one owner.
 *
 *     claim: { token: 16, … } ──compare-and-set──► { token: 17, … } ── save ─► … until somebody claims with 18
 *
 * Every write compares with the one before, so once another has claimed it nothing that this owner still says
 * takes effect. Writes go one after the other.
 */
export class PartitionRecord {
  readonly #store: SnapshotStore;
  readonly #config: PartitionRecordConfig;
  #revision = 0;
  #kept: PartitionProgress = noProgress;
  #fenced = false;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(config: PartitionRecordConfig, store: SnapshotStore) {
    this.#config = config;
    this.#store = store;
  }

  /** Whether it belongs to another by now. */
  get fenced(): boolean {
    return this.#fenced;
  }

  /** What is kept. */
  get kept(): PartitionProgress {
    return this.#kept;
  }

  /**
   * Takes it over, with `consumer` added to those that may be there. Gives what the owner before has left;
   * `undefined` when a later owner was faster.
   *
   * @throws StorageError; what became of the claim is then unknown, and it can be made again.
   */
  async claim(consumer: string): Promise<PartitionProgress | undefined> {
    const { bucket, key, token } = this.#config;
    for (;;) {
      const found = await this.#store.read(bucket, key);
      const before = found === undefined ? noProgress : decodeProgress(found.value);
      // What cannot be read is nobody's; the consumers it named stay until the server forgets them. So is what bears
      // a token that no owner can have had: each of them took a write of its own in this bucket.
      const isForged = before === undefined || before.token > (found?.revision ?? 0);
      const progress = isForged ? noProgress : before;
      if (progress.token > token) {
        this.#fenced = true;
        return undefined;
      }
      this.#revision = found?.revision ?? 0;
      try {
        const consumers = [...progress.consumers.filter((name) => name !== consumer), consumer];
        await this.#write({ ...progress, token, consumers });
        return progress;
      } catch (error) {
        // The owner before has written once more: its last word counts.
        if (!(error instanceof ConflictError)) throw error;
      }
    }
  }

  /**
   * Keeps how far the partition has come, and which consumers may be there: those of the write before, changed by
   * `consumers`. False when it belongs to another.
   *
   * @throws StorageError
   */
  save(settled: Settled, consumers?: (kept: readonly string[]) => readonly string[]): Promise<boolean> {
    return this.#inTurn(settled, (kept) =>
      consumers === undefined ? {} : { consumers: consumers(kept.consumers) },
    );
  }

  /** Keeps where the owner begins. False when it belongs to another. @throws StorageError */
  begin(settled: Settled, begun: Begun): Promise<boolean> {
    return this.#inTurn(settled, () => ({ begun, left: false }));
  }

  /** Keeps that nothing is suspected of the message where the owner began. @throws StorageError */
  acquit(settled: Settled): Promise<boolean> {
    return this.#inTurn(settled, ({ begun: { sequence } }) => ({
      begun: { sequence, crashes: 0, deaths: 0, tried: false },
    }));
  }

  /** Keeps how far it has come, for the last time. False when it belongs to another. @throws StorageError */
  leave(settled: Settled): Promise<boolean> {
    return this.#inTurn(settled, () => ({ left: true }));
  }

  #inTurn(
    { through, open }: Settled,
    changed: (kept: PartitionProgress) => Partial<PartitionProgress>,
  ): Promise<boolean> {
    const { token } = this.#config;
    const saved = this.#tail.then(() =>
      this.#save({ ...this.#kept, ...changed(this.#kept), through, open, token }),
    );
    this.#tail = saved.catch(() => {});
    return saved;
  }

  async #save(progress: PartitionProgress): Promise<boolean> {
    if (this.#fenced) return false;
    try {
      await this.#write(progress);
      return true;
    } catch (error) {
      if (error instanceof ConflictError) return this.#lookAgain(progress);
      // It may have been written all the same: the next write has to know.
      await this.#reread().catch(() => {});
      throw error;
    }
  }

  /** Somebody wrote: another owner, or this one without having heard the answer. */
  async #lookAgain(progress: PartitionProgress): Promise<boolean> {
    await this.#reread();
    if (this.#fenced) return false;
    await this.#write(progress);
    return true;
  }

  async #reread(): Promise<void> {
    const { bucket, key, token } = this.#config;
    const found = await this.#store.read(bucket, key);
    const progress = found === undefined ? undefined : decodeProgress(found.value);
    if (progress === undefined || progress.token !== token) this.#fenced = true;
    else this.#revision = found?.revision ?? 0;
  }

  async #write(progress: PartitionProgress): Promise<void> {
    const { bucket, key } = this.#config;
    const value = encodeProgress(progress);
    this.#revision = await this.#store.write({ bucket, key, value, expected: this.#revision });
    this.#kept = progress;
  }
}
