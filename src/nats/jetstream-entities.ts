import { jetstream, JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import type { Clock } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { TransportError } from '../../streams/event/errors.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import type { Random } from '../../streams/event/random.ts';
import type { Logger } from '../logger.ts';
import type {
  CallOutcome,
  OwnerAddress,
  SharedEntities,
  StreamListener,
  StreamReading,
} from '../shared-entities.ts';
import type { Snapshot, SnapshotStore } from '../snapshot-store.ts';
import type { DeadLetterCopies, GivenUp } from './dead-letter-copies.ts';
import { EventReading, filterOf } from './event-reading.ts';
import type { ResolvedJetStream } from './jetstream-options.ts';
import type { JetStreamPublisher } from './jetstream-publisher.ts';
import { findIds } from './find-ids.ts';
import { KvSnapshots } from './kv-snapshots.ts';
import type { NatsLink } from './nats-link.ts';
import { OwnerCalls } from './owner-calls.ts';
import { partitionOf } from './partition-of.ts';
import type { SlotTable } from './slot-table.ts';
import { positionOf, sequenceOf } from './stream-position.ts';
import { StreamReader } from './stream-reader.ts';
import type { WireFormat } from './wire-message.ts';

export interface JetStreamEntitiesPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly link: NatsLink;
  readonly format: WireFormat;
  readonly publisher: JetStreamPublisher;
  readonly copies: DeadLetterCopies;
  readonly slots: SlotTable;
  /** Where leases are kept. */
  readonly leases: SnapshotStore;
  /** The stream is there, and the server answers. */
  readonly prepared: () => Promise<JetStreamManager>;
}

/** Bytes that one request for messages may bring. */
const requestBytes = 8 * 1024 * 1024;

/** Entities on JetStream: events in the transport's stream, states in a bucket of NATS KV, calls on core NATS. */
export class JetStreamEntities implements SharedEntities {
  readonly partitions: number;
  readonly leaseMs: number;
  readonly maxTrials: number;
  readonly states: SnapshotStore;
  readonly leases: SnapshotStore;
  readonly #config: ResolvedJetStream;
  readonly #ports: JetStreamEntitiesPorts;
  readonly #calls: OwnerCalls;
  readonly #bucket: string;
  readonly #kept: KvSnapshots;
  /** The look at the end of a filter that has not begun yet: all who ask meanwhile share it. */
  readonly #looks = new Map<string, Promise<number>>();

  constructor(config: ResolvedJetStream, ports: JetStreamEntitiesPorts) {
    const { stream, consumer, ackTimeoutMs } = config;
    this.#config = config;
    this.#ports = ports;
    this.partitions = stream.partitions;
    this.leaseMs = consumer.leaseMs;
    this.maxTrials = consumer.maxDeliveries;
    this.#bucket = `${stream.name}-entities`;
    const { replicas, storage } = stream;
    this.#kept = new KvSnapshots(
      { bucket: this.#bucket, replicas, storage, answerMs: ackTimeoutMs },
      async () => {
        await ports.prepared();
        return ports.link.connected();
      },
    );
    this.states = this.#kept;
    this.leases = ports.leases;
    this.#calls = new OwnerCalls(ports.link, ports.clock, consumer.leaseMs);
  }

  partitionOf(key: string): number {
    return partitionOf(key, this.partitions);
  }

  read(patterns: readonly (string | GlobPattern)[], after: number, listener: StreamListener): StreamReading {
    const { stream, nats } = this.#config;
    return new EventReading(
      { stream: stream.name, namespace: nats.namespace, patterns, after, maxBytes: requestBytes },
      { ...this.#ports, manager: this.#ports.prepared, listener, onFailed: this.#failed },
    );
  }

  end(patterns: readonly (string | GlobPattern)[]): Promise<number> {
    const filter = filterOf(this.#config.nats.namespace, patterns);
    let look = this.#looks.get(filter);
    if (look === undefined) {
      look = this.#look(filter);
      this.#looks.set(filter, look);
    }
    return look;
  }

  async last(): Promise<number> {
    const manager = await this.#ports.prepared();
    const { state } = await this.#asked(() => manager.streams.info(this.#config.stream.name));
    return positionOf(state.last_seq + 1, 0) - 1;
  }

  async publish(event: EventEnvelope): Promise<void> {
    const { format, publisher, slots, clock } = this.#ports;
    const message = format.encode([event], event.id);
    const deadline = clock.monotonic() + this.#config.publishTimeoutMs;
    await publisher.store(slots.slotOf(event).subject, message, deadline);
  }

  /** Looks through what their subjects hold behind it: the server may have forgotten their ids by now. */
  async storedSince(events: readonly EventEnvelope[], position: number): Promise<ReadonlySet<string>> {
    const manager = await this.#ports.prepared();
    const client = jetstream(await this.#ports.link.connected());
    const ids = new Set(events.map(({ id }) => id));
    const found = new Set<string>();
    const { name: stream } = this.#config.stream;
    for (const subject of new Set(events.map((event) => this.#ports.slots.slotOf(event).subject))) {
      const last = await this.#asked(() => manager.streams.getMessage(stream, { last_by_subj: subject }));
      const range = { stream, subject, from: sequenceOf(position), upTo: last?.seq ?? 0 };
      // What an entity emits stands alone in its message, under its id.
      for (const id of await this.#asked(() => findIds(client, manager, range, ids))) found.add(id);
    }
    return found;
  }

  bury(event: EventEnvelope, about: GivenUp): Promise<void> {
    return this.#ports.copies.copy(event, about);
  }

  serve(
    address: OwnerAddress,
    answer: (request: Uint8Array, reply: (answer: Uint8Array) => void) => void,
  ): () => void {
    return this.#calls.serve(address, answer);
  }

  call(address: OwnerAddress, request: Uint8Array): Promise<CallOutcome> {
    return this.#calls.call(address, request);
  }

  watch(bucket: string, key: string, listener: (snapshot: Snapshot | undefined) => void): () => void {
    const { prepared } = this.#ports;
    const reader = new StreamReader(
      {
        stream: `KV_${this.#bucket}`,
        filter: this.#kept.subjectOf(bucket, key),
        from: 'last',
        maxBytes: requestBytes,
      },
      {
        ...this.#ports,
        manager: async () => {
          await this.#kept.ready();
          return prepared();
        },
        room: (requested) => 64 - requested,
        onOpen: (pending) => {
          if (pending === 0) listener(undefined);
        },
        onMessage: ({ message, sequence }) => {
          const removed = (message.headers?.get('KV-Operation') ?? '') !== '';
          listener(removed ? undefined : { value: message.data, revision: sequence });
        },
        onFailed: this.#failed,
      },
    );
    return () => reader.close();
  }

  onUp(listener: () => void): () => void {
    return this.#ports.link.onUp(listener);
  }

  close(): void {
    this.#kept.close();
    this.#calls.close();
  }

  async #look(filter: string): Promise<number> {
    let manager: JetStreamManager;
    try {
      manager = await this.#ports.prepared();
    } finally {
      // Whoever asks from now on may have published since.
      this.#looks.delete(filter);
    }
    const query = { last_by_subj: filter };
    const last = await this.#asked(() => manager.streams.getMessage(this.#config.stream.name, query));
    return last === null ? 0 : positionOf(last.seq + 1, 0) - 1;
  }

  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      const { stream } = this.#config;
      const why = error instanceof JetStreamApiError ? error.message : describeError(error);
      throw new TransportError(`stream ${stream.name} does not say what it holds: ${why}`, { cause: error });
    }
  }

  readonly #failed = (error: unknown): void => {
    this.#ports.logger.debug({ error }, `a stream is not read for now: ${describeError(error)}`);
  };
}
