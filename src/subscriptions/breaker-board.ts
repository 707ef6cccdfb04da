import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import { ConflictError, StorageError } from '../../streams/event/errors.ts';
import { encodeJson } from '../json-record.ts';
import type { SnapshotStore } from '../snapshot-store.ts';
import { decodeBreakerRecord, type BreakerRecord } from './breaker-record.ts';

/** Where the records are kept, under the names of the subscribers. */
export const breakerBucket = 'breakers';

/** A timer that is later than this, as a share of its time, is of a process that stood still. */
const stalledShare = 1.5;

/** A record as the store has it. */
export interface SeenRecord {
  /** For the compare-and-set; 0 when there is none. */
  readonly revision: number;
  /** Undefined when there is none, or none that can be read. */
  readonly record: BreakerRecord | undefined;
  /** Monotonic milliseconds, after the look that found this revision first. */
  readonly at: number;
}

/**
 * The record of one breaker: looks at it, and writes it if nobody has written since the last look.
 *
 * One request at a time. One that has no answer in `answerMs` fails, and so do all until it has come to an end: a later
 * one can then never be overtaken by it, and no more than one waits for a store that is away.
 */
export class BreakerBoard {
  seen: SeenRecord = { revision: 0, record: undefined, at: -Infinity };
  readonly #name: string;
  readonly #answerMs: number;
  readonly #store: SnapshotStore;
  readonly #clock: Clock;
  #asking = false;

  constructor(name: string, answerMs: number, store: SnapshotStore, clock: Clock) {
    this.#name = name;
    this.#answerMs = answerMs;
    this.#store = store;
    this.#clock = clock;
  }

  /** True if it has changed since the last look or write. @throws StorageError, TransportError */
  async look(): Promise<boolean> {
    const found = await this.#ask(async () => this.#store.read(breakerBucket, this.#name));
    const revision = found?.revision ?? 0;
    if (revision === this.seen.revision) return false;
    const record = found === undefined ? undefined : decodeBreakerRecord(found.value);
    this.seen = { revision, record, at: this.#clock.monotonic() };
    return true;
  }

  /** False if somebody else has written since the last look. @throws StorageError, TransportError */
  async write(record: BreakerRecord): Promise<boolean> {
    const value = encodeJson(record);
    const { revision: expected } = this.seen;
    try {
      const revision = await this.#ask(async () =>
        this.#store.write({ bucket: breakerBucket, key: this.#name, value, expected }),
      );
      this.seen = { revision, record, at: this.#clock.monotonic() };
      return true;
    } catch (error) {
      if (error instanceof ConflictError) return false;
      throw error;
    }
  }

  #ask<T>(call: () => Promise<T>): Promise<T> {
    if (this.#asking) return Promise.reject(new StorageError('the request before has had no answer yet'));
    this.#asking = true;
    return new Promise((resolve, reject) => {
      const wait = (): TimerHandle => {
        const began = this.#clock.monotonic();
        const late = (): void => {
          // A process that stood still has not looked whether the answer is there.
          if (this.#clock.monotonic() - began > stalledShare * this.#answerMs) timer = wait();
          else reject(new StorageError(`no answer in ${this.#answerMs} ms`));
        };
        return this.#clock.setTimeout(late, this.#answerMs, true);
      };
      let timer = wait();
      const ended = (): void => {
        this.#asking = false;
        this.#clock.clearTimeout(timer);
      };
      void call().finally(ended).then(resolve, reject);
    });
  }
}
