import type { EventEnvelope } from '../streams/event/envelope.ts';
import type { GlobPattern } from '../streams/event/glob.ts';
import type { Snapshot, SnapshotStore } from './snapshot-store.ts';

/** Takes what is read from a stream, in its order. None of these may throw. */
export interface StreamListener {
  /** `time`: when it was stored, milliseconds since the epoch. */
  event(event: EventEnvelope, position: number, time: number): void;
  /** Something there cannot be read. */
  fault(position: number, reason: string): void;
  /** All up to a position has been given; `caughtUp`: nothing is known to be behind it. */
  reached(position: number, caughtUp: boolean): void;
  /** How many events it can take; at 0 or less nothing more is asked for. */
  room(): number;
}

/** A stream that is being read. */
export interface StreamReading {
  /** There is room again. */
  refill(): void;
  close(): void;
}

/** The owner of one partition of a kind's keys, as others address it. */
export interface OwnerAddress {
  readonly kind: string;
  readonly partition: number;
}

/** What came of a call: an answer, that nobody listens, or nothing in time. */
export type CallOutcome = Uint8Array | 'nobody' | 'silent';

/**
 * What a transport offers to entities that several processes share.
 *
 * Obligations. `read`: each event once and in the order of the stream, across lost connections. `end`: not below the
 * position of any event whose publish had resolved. `publish`: under the event's id, so that a second time stores
 * nothing for as long as the transport promises. `states` compares and sets at one place for all processes.
 */
export interface SharedEntities {
  /** Into how many parts the keys of a kind fall: as many processes can share it. */
  readonly partitions: number;
  /** Milliseconds of silence after which a process's partitions go to others. */
  readonly leaseMs: number;
  /** Processes that one event may end before it is given up. */
  readonly maxTrials: number;
  readonly states: SnapshotStore;
  readonly leases: SnapshotStore;
  partitionOf(key: string): number;
  /** Reads the events that patterns match, from behind a position on. */
  read(patterns: readonly (string | GlobPattern)[], after: number, listener: StreamListener): StreamReading;
  /** Position of the last event that the patterns match; 0 for none. @throws TransportError */
  end(patterns: readonly (string | GlobPattern)[]): Promise<number>;
  /** The highest position that the stream has given out. @throws TransportError */
  last(): Promise<number>;
  /** Stores an event. @throws TransportError, CodecError */
  publish(event: EventEnvelope): Promise<void>;
  /** The ids of those of some events that are stored behind a position, however long ago. @throws TransportError */
  storedSince(events: readonly EventEnvelope[], position: number): Promise<ReadonlySet<string>>;
  /** Copies an event to where those are that were given up. @throws TransportError */
  bury(
    event: EventEnvelope,
    about: { readonly subscriber: string; readonly reason: string; readonly attempts: number },
  ): Promise<void>;
  /** Answers calls to an owner. Gives the function that ends it. */
  serve(
    address: OwnerAddress,
    answer: (request: Uint8Array, reply: (answer: Uint8Array) => void) => void,
  ): () => void;
  /** Calls an owner once. Never rejects. */
  call(address: OwnerAddress, request: Uint8Array): Promise<CallOutcome>;
  /** Tells what a key holds now, then each change; undefined where it holds nothing. Gives what ends it. */
  watch(bucket: string, key: string, listener: (snapshot: Snapshot | undefined) => void): () => void;
  /** Calls back each time that the connection is up again. Gives the function that ends it. */
  onUp(listener: () => void): () => void;
}
