import { jetstream, JetStreamApiError, type JetStreamClient, StorageType } from '@nats-io/jetstream';
import { type KV, type KvEntry, Kvm } from '@nats-io/kv';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { describeError } from '../../streams/event/describe-error.ts';
import { ClosedError, ConflictError, StorageError } from '../../streams/event/errors.ts';
import { checkAddress, checkName, checkWrite, resolveList } from '../log/check-write.ts';
import { compareKeys } from '../log/key-order.ts';
import type {
  Snapshot,
  SnapshotEntry,
  SnapshotListOptions,
  SnapshotStore,
  SnapshotWrite,
} from '../snapshot-store.ts';
import { refuseMismatch } from './config-mismatch.ts';
import { kvToken, textOfKvToken } from './kv-token.ts';

/** The bucket of NATS KV that holds all buckets of a namespace. */
export interface KvSnapshotsConfig {
  /** Letters, digits, `_` and `-`. */
  readonly bucket: string;
  readonly replicas: number;
  readonly storage: 'file' | 'memory';
  /** Milliseconds that a write waits for its answer. Default `5_000`. */
  readonly answerMs?: number;
}

/** "Wrong last sequence": somebody else wrote to the key. */
const wrongSequence = 10_071;
const noBytes = new Uint8Array();
/** Entries of a list that are asked for at once. */
const readsAtOnce = 256;
/** Tries to create a key that others create and remove. */
const createAttempts = 5;

interface Open {
  readonly connection: NatsConnection;
  readonly stream: JetStreamClient;
  readonly kv: KV;
}

/**
 * Keeps snapshots in NATS KV, each key the last message of a subject of its own.
 *
 * Reads go to the leader and writes compare there, so they are linearizable. A write whose answer does not come
 * fails as a `StorageError` that says `unknown`: read again to learn what became of it. Values are at most what the
 * server takes as one message. A key that is removed leaves a message that says so, until `list` comes across it.
 * `list` asks for all keys of the bucket for each page; keep buckets that are listed small.
 */
export class KvSnapshots implements SnapshotStore {
  readonly name = 'nats-kv';
  readonly #config: KvSnapshotsConfig;
  readonly #connected: () => Promise<NatsConnection>;
  #opening: Promise<Open> | undefined;
  #closed = false;
  #tidying = false;

  /** `connected` gives the connection once it is up. It is not this object's to close. */
  constructor(config: KvSnapshotsConfig, connected: () => Promise<NatsConnection>) {
    this.#config = config;
    this.#connected = connected;
  }

  async read(bucket: string, key: string): Promise<Snapshot | undefined> {
    checkAddress(bucket, key);
    const entry = await this.#entry(await this.#open(), bucket, key);
    if (entry === null || entry.operation !== 'PUT') return undefined;
    return { value: entry.value, revision: entry.revision };
  }

  async write(write: SnapshotWrite): Promise<number> {
    checkWrite(write);
    // The caller may use its bytes again as soon as it has called.
    const value = write.value === undefined ? undefined : new Uint8Array(write.value);
    const open = await this.#open();
    const { bucket, key, expected } = write;
    const put = (after: number | undefined): Promise<number> => this.#put(open, write, value, after);
    if (expected !== 0) return put(expected);
    for (let after = 0, attempt = 1; ; attempt += 1) {
      try {
        return await put(after);
      } catch (error) {
        if (!(error instanceof ConflictError) || attempt === createAttempts) throw error;
        // A key that was removed is a message that says so, with a revision to compare with; or that is gone by now.
        const last = await this.#entry(open, bucket, key);
        if (last?.operation === 'PUT') throw error;
        after = last?.revision ?? 0;
      }
    }
  }

  async list(bucket: string, options?: SnapshotListOptions): Promise<readonly SnapshotEntry[]> {
    checkName('bucket', bucket);
    const { prefix, after, limit } = resolveList(options);
    const open = await this.#open();
    const keys = await this.#ask(`list ${bucket}`, () => this.#keys(open, bucket));
    const wanted = keys.filter(
      (key) => key.startsWith(prefix) && (after === '' || compareKeys(key, after) > 0),
    );
    wanted.sort(compareKeys);
    const found: SnapshotEntry[] = [];
    const removed: number[] = [];
    for (let from = 0; from < wanted.length && found.length < limit; from += readsAtOnce) {
      const some = wanted.slice(from, from + readsAtOnce);
      const read = await Promise.all(some.map((key) => this.#entry(open, bucket, key)));
      read.forEach((entry, at) => {
        const key = some[at];
        if (entry === null || key === undefined) return;
        const { operation, value, revision } = entry;
        if (operation === 'PUT') found.push({ key, value, revision });
        else removed.push(revision);
      });
    }
    void this.#tidy(open, removed);
    return found.slice(0, limit);
  }

  /** Resolves when the bucket is there. @throws StorageError, TransportError, ClosedError */
  async ready(): Promise<void> {
    await this.#open();
  }

  /** Where the writes of a key are stored, in the bucket's stream. */
  subjectOf(bucket: string, key: string): string {
    checkAddress(bucket, key);
    return `$KV.${this.#config.bucket}.${keyOf(bucket, key)}`;
  }

  /** Further calls fail. */
  close(): void {
    this.#closed = true;
  }

  #entry({ kv }: Open, bucket: string, key: string): Promise<KvEntry | null> {
    return this.#ask(`read ${bucket}/${key}`, () => kv.get(keyOf(bucket, key)));
  }

  /** Deletes what removed keys have left: every name that was ever used would be looked at for ever. */
  async #tidy({ stream }: Open, removed: readonly number[]): Promise<void> {
    if (this.#tidying || removed.length === 0) return;
    this.#tidying = true;
    try {
      const manager = await stream.jetstreamManager(false);
      for (const revision of removed) {
        await manager.streams.deleteMessage(`KV_${this.#config.bucket}`, revision, false);
      }
    } catch {
      // Somebody else was faster, or may and this connection may not: whoever lists next tries the rest.
    } finally {
      this.#tidying = false;
    }
  }

  /** Asked for as a list of subjects: a consumer that reads them, as the KV client does, hangs with its connection. */
  async #keys({ stream }: Open, bucket: string): Promise<string[]> {
    const subjects = `$KV.${this.#config.bucket}.${kvToken(bucket)}.`;
    const manager = await stream.jetstreamManager(false);
    const { state } = await manager.streams.info(`KV_${this.#config.bucket}`, {
      subjects_filter: `${subjects}>`,
    });
    // Foreign entries in the bucket are none of ours.
    return Object.keys(state.subjects ?? {}).flatMap(
      (subject) => textOfKvToken(subject.slice(subjects.length)) ?? [],
    );
  }

  async #put(
    { connection, stream }: Open,
    { bucket, key }: SnapshotWrite,
    value: Uint8Array | undefined,
    after: number | undefined,
  ): Promise<number> {
    const what = `write ${bucket}/${key}`;
    const most = connection.info?.max_payload ?? Infinity;
    if (value !== undefined && value.length > most) {
      throw new StorageError(`${what}: the value has ${value.length} bytes, the server takes ${most}`);
    }
    const removal = headers();
    if (value === undefined) removal.set('KV-Operation', 'DEL');
    const subject = this.subjectOf(bucket, key);
    const answer = await this.#ask(what, () =>
      stream.publish(subject, value ?? noBytes, {
        timeout: this.#config.answerMs ?? 5000,
        ...(value === undefined ? { headers: removal } : {}),
        ...(after === undefined ? {} : { expect: { lastSubjectSequence: after } }),
      }),
    );
    if (answer.seq > 0) return answer.seq;
    throw new StorageError(`${what}: unknown, the server calls it a duplicate and cannot say of what`);
  }

  #open(): Promise<Open> {
    if (this.#closed) return Promise.reject(new ClosedError('the snapshots in NATS KV are closed'));
    this.#opening ??= this.#prepare().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #prepare(): Promise<Open> {
    const connection = await this.#connected();
    const { bucket, replicas, storage, answerMs = 5000 } = this.#config;
    const stream = jetstream(connection, { timeout: answerMs });
    const wanted = {
      history: 1,
      replicas,
      storage: storage === 'file' ? StorageType.File : StorageType.Memory,
    };
    return this.#ask(`open the bucket ${bucket}`, async () => {
      // From a follower, a read could be older than a write that was answered.
      const kv = await new Kvm(stream).create(bucket, {
        ...wanted,
        allow_direct: false,
        timeout: answerMs,
      });
      const { history, streamInfo } = await kv.status();
      const { num_replicas, storage: kept, allow_direct, max_age } = streamInfo.config;
      refuseMismatch(
        `bucket ${bucket}`,
        { ...wanted, allow_direct: false, max_age: 0 },
        { history, replicas: num_replicas, storage: kept, allow_direct, max_age },
      );
      return { connection, stream, kv };
    });
  }

  async #ask<T>(what: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === wrongSequence) {
        throw new ConflictError(`${what}: somebody else wrote first`, { cause: error });
      }
      const unknown = error instanceof Error && error.name === 'TimeoutError' ? 'unknown, ' : '';
      throw new StorageError(`${what} in NATS KV: ${unknown}${describeError(error)}`, { cause: error });
    }
  }
}

function keyOf(bucket: string, key: string): string {
  return `${kvToken(bucket)}.${kvToken(key)}`;
}
