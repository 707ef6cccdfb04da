import type { Codec } from '../../streams/event/codec.ts';
import { checkChoice, checkOptions, checkPort, type OptionNames } from '../../streams/event/check-options.ts';
import { checkInteger, checkNumber, type DedupeOptions } from '../options.ts';
import { natsOptionNames, type NatsOptions, resolveNatsOptions, type ResolvedNats } from './nats-options.ts';
import { checkStreamName } from './subjects.ts';

/** The stream that holds a namespace's events. It is created if it is absent, and else must be as asked. */
export interface JetStreamStreamOptions {
  /** Default: the namespace. */
  readonly name?: string;
  /** Servers that hold it: 1, or 3 and 5 for `replicated`. Default `1`. */
  readonly replicas?: number;
  /** Default `'file'`. */
  readonly storage?: 'file' | 'memory';
  /** Milliseconds after which an event is deleted, handled or not. Default 7 days. */
  readonly maxAgeMs?: number;
  /** Bytes beyond which the oldest events are deleted, handled or not. Default 1 GiB. */
  readonly maxBytes?: number;
  /** Milliseconds in which the server stores an id once. Default `120_000`. */
  readonly duplicateWindowMs?: number;
  /**
   * Into how many parts keys are hashed, for `order: 'key'`: as many processes can share a subscriber. Part of the
   * subjects; changing it later needs a new stream. Default `16`.
   */
  readonly partitions?: number;
}

/** How subscribers read the stream. */
export interface JetStreamConsumerOptions {
  /** Milliseconds after which the server gives a message to another process; extended while it is held. Default `30_000`. */
  readonly ackWaitMs?: number;
  /** Messages that all processes of one subscriber together hold unacknowledged, each lane. Default `1_000`. */
  readonly maxAckPending?: number;
  /** Deliveries after which a message is given up, and processes after which an entity's event is: it may be what kills them. Default `20`. */
  readonly maxDeliveries?: number;
  /**
   * Milliseconds without a sign of life after which a process's partitions go to others, with `order: 'key'` and
   * `'total'`. One whose event loop is blocked for longer loses them, too. Default `1_500`.
   */
  readonly leaseMs?: number;
  /** Wait for the server to confirm each acknowledgement. Default `false`. */
  readonly doubleAck?: boolean;
  /** How many ids each subscriber remembers beyond the server's window. Default `100_000` ids for 10 minutes. */
  readonly dedupe?: DedupeOptions;
}

/** How events travel by JetStream. Everything is checked when the transport is chosen. */
export interface JetStreamOptions extends NatsOptions {
  readonly stream?: JetStreamStreamOptions;
  readonly consumer?: JetStreamConsumerOptions;
  /** `'off'`: each event is a message of its own, one CloudEvent in JSON that any program reads. Default `'auto'`. */
  readonly batching?: 'auto' | 'off';
  /** How batches are written. Default `msgpackCodec()`. */
  readonly codec?: Codec;
  /** Events in a message at most. Default `512`. */
  readonly maxBatchEvents?: number;
  /** Bytes of a message at most; below the server's `max_payload`. Default `1_000_000`. */
  readonly maxMessageBytes?: number;
  /** Messages under way at once. Default `64`. */
  readonly maxInFlight?: number;
  /** Events that wait for the server, also while it is away; what comes then is refused. Default `65_536`. */
  readonly maxPending?: number;
  /** Milliseconds after which a publish fails. Default `30_000`. */
  readonly publishTimeoutMs?: number;
  /** Milliseconds without an answer after which a message is sent again under its id. Default `2_000`. */
  readonly ackTimeoutMs?: number;
}

type Tuning = Required<
  Pick<
    JetStreamOptions,
    | 'batching'
    | 'maxBatchEvents'
    | 'maxMessageBytes'
    | 'maxInFlight'
    | 'maxPending'
    | 'publishTimeoutMs'
    | 'ackTimeoutMs'
  >
>;

/** Options of a JetStream transport, checked and complete. */
export interface ResolvedJetStream extends Tuning {
  readonly nats: ResolvedNats;
  readonly stream: Required<JetStreamStreamOptions>;
  readonly consumer: Required<JetStreamConsumerOptions>;
  readonly codec: Codec | undefined;
}

const ownNames = {
  stream: true,
  consumer: true,
  batching: true,
  codec: true,
  maxBatchEvents: true,
  maxMessageBytes: true,
  maxInFlight: true,
  maxPending: true,
  publishTimeoutMs: true,
  ackTimeoutMs: true,
} as const;

const names: OptionNames<JetStreamOptions> = { ...natsOptionNames, ...ownNames };

const streamNames: OptionNames<JetStreamStreamOptions> = {
  name: true,
  replicas: true,
  storage: true,
  maxAgeMs: true,
  maxBytes: true,
  duplicateWindowMs: true,
  partitions: true,
};

const consumerNames: OptionNames<JetStreamConsumerOptions> = {
  ackWaitMs: true,
  maxAckPending: true,
  maxDeliveries: true,
  leaseMs: true,
  doubleAck: true,
  dedupe: true,
};

const day = 24 * 3_600_000;

/** Checks what was asked for and fills in the defaults. @throws RangeError or TypeError that names the option. */
export function resolveJetStream(options: JetStreamOptions): ResolvedJetStream {
  checkOptions('jetStream', options, names);
  const { batching = 'auto', maxBatchEvents = 512, maxMessageBytes = 1_000_000, codec } = options;
  const { maxInFlight = 64, maxPending = 65_536, publishTimeoutMs = 30_000, ackTimeoutMs = 2000 } = options;
  checkChoice('batching', batching, ['auto', 'off']);
  if (codec !== undefined) checkPort('codec', codec, ['encode', 'decode']);
  checkInteger('maxBatchEvents', maxBatchEvents, 1, 4096);
  checkInteger('maxMessageBytes', maxMessageBytes, 1024, 64 * 1024 * 1024);
  checkInteger('maxInFlight', maxInFlight, 1, 4096);
  checkInteger('maxPending', maxPending, 1);
  checkNumber('publishTimeoutMs', publishTimeoutMs, 1);
  checkNumber('ackTimeoutMs', ackTimeoutMs, 1);
  const nats = resolveNatsOptions(options);
  const stream = resolveStream(options.stream ?? {}, nats.namespace);
  const consumer = resolveConsumer(options.consumer ?? {});
  const tuning: Tuning = {
    batching,
    maxBatchEvents: batching === 'off' ? 1 : maxBatchEvents,
    maxMessageBytes,
    maxInFlight: batching === 'off' ? Math.max(maxInFlight, 1024) : maxInFlight,
    maxPending,
    publishTimeoutMs,
    ackTimeoutMs,
  };
  return { ...tuning, nats, stream, consumer, codec };
}

function resolveStream(options: JetStreamStreamOptions, namespace: string): Required<JetStreamStreamOptions> {
  checkOptions('stream', options, streamNames);
  const { name = namespace, replicas = 1, storage = 'file', maxAgeMs = 7 * day } = options;
  const { maxBytes = 1024 ** 3, duplicateWindowMs = 120_000, partitions = 16 } = options;
  checkStreamName(name);
  checkInteger('stream.replicas', replicas, 1, 5);
  checkChoice('stream.storage', storage, ['file', 'memory']);
  checkNumber('stream.maxAgeMs', maxAgeMs, 1000);
  checkInteger('stream.maxBytes', maxBytes, 1);
  checkNumber('stream.duplicateWindowMs', duplicateWindowMs, 100, maxAgeMs);
  checkInteger('stream.partitions', partitions, 1, 256);
  return { name, replicas, storage, maxAgeMs, maxBytes, duplicateWindowMs, partitions };
}

function resolveConsumer(options: JetStreamConsumerOptions): Required<JetStreamConsumerOptions> {
  checkOptions('consumer', options, consumerNames);
  const { ackWaitMs = 30_000, maxAckPending = 1000, maxDeliveries = 20, leaseMs = 1500 } = options;
  const { doubleAck = false, dedupe = { windowMs: 600_000, maxIds: 100_000 } } = options;
  checkNumber('consumer.ackWaitMs', ackWaitMs, 100);
  checkInteger('consumer.maxAckPending', maxAckPending, 1);
  checkInteger('consumer.maxDeliveries', maxDeliveries, 1);
  checkNumber('consumer.leaseMs', leaseMs, 200, 600_000);
  return { ackWaitMs, maxAckPending, maxDeliveries, leaseMs, doubleAck, dedupe };
}
