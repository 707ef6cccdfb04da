import { jetstream, JetStreamApiError, type JetStreamClient, StorageType } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../../streams/event/clock.ts';
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
import { createSystemClock } from '../system-clock.ts';
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
 * server takes as one message. `list` reads the whole bucket for each page; keep buckets that are listed small.
 */
export class KvSnapshots implements SnapshotStore {
  readonly name = 'nats-kv';
  readonly #config: KvSnapshotsConfig;
  readonly #connected: () => Promise<NatsConnection>;
  readonly #clock: Clock;
  #opening: Promise<Open> | undefined;
  #closed = false;

  /** `connected` gives the connection once it is up. It is not this object's to close. */
  constructor(
    config: KvSnapshotsConfig,
    connected: () => Promise<NatsConnection>,
    clock: Clock = createSystemClock(),
  ) {
    this.#clock = clock;
    this.#config = config;
    this.#connected = connected;
  }

  async read(bucket: string, key: string): Promise<Snapshot | undefined> {
    checkAddress(bucket, key);
    const { kv } = await this.#open();
    const entry = await this.#ask(`read ${bucket}/${key}`, () => kv.get(keyOf(bucket, key)));
    if (entry === null || entry.operation !== 'PUT') return undefined;
    return { value: entry.value, revision: entry.revision };
  }

  async write(write: SnapshotWrite): Promise<number> {
    checkWrite(write);
    // The caller may use its bytes again as soon as it has called.
    const value = write.value?.slice();
    const open = await this.#open();
    const { bucket, key, expected } = write;
    const put = (after: number | undefined): Promise<number> => this.#put(open, write, value, after);
    if (expected !== 0) return put(expected);
    try {
      return await put(0);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      // A key that was removed is a message that says so: it has a revision to compare with.
      const last = await this.#ask(`read ${bucket}/${key}`, () => open.kv.get(keyOf(bucket, key)));
      if (last === null || last.operation === 'PUT') throw error;
      return put(last.revision);
    }
  }

  async list(bucket: string, options?: SnapshotListOptions): Promise<readonly SnapshotEntry[]> {
    checkName('bucket', bucket);
    const { prefix, after, limit } = resolveList(options);
    const { kv } = await this.#open();
    const group = kvToken(bucket);
    const found: SnapshotEntry[] = [];
    await this.#ask(`list ${bucket}`, async () => {
      const entries = await kv.history({ key: `${group}.>` });
      let late = false;
      // A listing that the connection was lost in would wait for the rest for long.
      const timer = this.#clock.setTimeout(() => {
        late = true;
        entries.stop();
      }, this.#config.answerMs ?? 5000);
      for await (const entry of entries) {
        if (entry.operation !== 'PUT') continue;
        // Foreign entries in the bucket are none of ours.
        const key = textOfKvToken(entry.key.slice(group.length + 1));
        if (key === undefined || !key.startsWith(prefix)) continue;
        if (after !== '' && compareKeys(key, after) <= 0) continue;
        found.push({ key, value: entry.value, revision: entry.revision });
      }
      this.#clock.clearTimeout(timer);
      if (late) throw new Error('the rest did not come in time');
    });
    return found.toSorted((a, b) => compareKeys(a.key, b.key)).slice(0, limit);
  }

  /** Further calls fail. */
  close(): void {
    this.#closed = true;
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
    const subject = `$KV.${this.#config.bucket}.${keyOf(bucket, key)}`;
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
    const { bucket, replicas, storage } = this.#config;
    const wanted = {
      history: 1,
      replicas,
      storage: storage === 'file' ? StorageType.File : StorageType.Memory,
    };
    return this.#ask(`open the bucket ${bucket}`, async () => {
      // From a follower, a read could be older than a write that was answered.
      const kv = await new Kvm(connection).create(bucket, {
        ...wanted,
        allow_direct: false,
        timeout: this.#config.answerMs ?? 5000,
      });
      const { history, streamInfo } = await kv.status();
      const { num_replicas, storage: kept, allow_direct, max_age } = streamInfo.config;
      refuseMismatch(
        `bucket ${bucket}`,
        { ...wanted, allow_direct: false, max_age: 0 },
        { history, replicas: num_replicas, storage: kept, allow_direct, max_age },
      );
      return { connection, stream: jetstream(connection), kv };
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
