import {
  AckPolicy,
  type ConsumerConfig,
  type ConsumerInfo,
  DeliverPolicy,
  JetStreamApiError,
  type JetStreamManager,
  ReplayPolicy,
} from '@nats-io/jetstream';
import { describeError } from '../../streams/event/describe-error.ts';
import { TransportError } from '../../streams/event/errors.ts';
import { formatRfc3339 } from '../../streams/event/rfc3339.ts';
import type { StartFrom } from '../start-from.ts';
import { mismatches, refuseMismatch } from './config-mismatch.ts';
import { sequenceOf } from './stream-position.ts';

/** What a consumer is to be. */
export interface ConsumerSpec {
  readonly stream: string;
  readonly name: string;
  /** One subject only: servers before 2.10 know no more. */
  readonly filter: string;
  readonly ackWaitMs: number;
  readonly maxAckPending: number;
  /** Servers of a cluster that keep it. Default: as many as keep the stream. */
  readonly replicas?: number;
  /** Milliseconds without a reader after which the server may forget it; else it stays. */
  readonly inactiveMs?: number;
}

/** Where a consumer begins: as a subscription says it, or at a sequence of the stream. */
export type ConsumerStart = StartFrom | { readonly sequence: number };

type Start = Pick<ConsumerConfig, 'deliver_policy' | 'opt_start_seq' | 'opt_start_time'>;

/** Milliseconds after which the server forgets the consumer of a subscriber without a name that is gone. */
const forgottenAfterMs = 60_000;

function startAt(from: ConsumerStart): Start {
  if (from === 'start') return { deliver_policy: DeliverPolicy.All };
  if (from === 'now') return { deliver_policy: DeliverPolicy.New };
  if ('time' in from) {
    const opt_start_time = formatRfc3339(from.time);
    return { deliver_policy: DeliverPolicy.StartTime, opt_start_time };
  }
  const sequence = 'sequence' in from ? from.sequence : sequenceOf(from.position);
  return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: Math.max(1, sequence) };
}

/**
 * Creates a durable consumer, or makes sure that the one that is there is as wanted. Where it began does not count.
 *
 * @throws TransportError that names each field that differs, or says why the server would not.
 */
export async function ensureConsumer(
  manager: JetStreamManager,
  spec: ConsumerSpec,
  from: ConsumerStart,
): Promise<void> {
  await guarded(spec, async () => {
    const found = await consumerInfo(manager, spec);
    if (found !== undefined) {
      refuseMismatch(`consumer ${spec.name}`, fixedConfig(spec), found.config);
      return;
    }
    await createConsumer(manager, spec, from);
  });
}

/** Creates a durable consumer that begins where it is told; gives how many messages wait. @throws TransportError */
export async function createConsumer(
  manager: JetStreamManager,
  spec: ConsumerSpec,
  from: ConsumerStart,
): Promise<number> {
  return guarded(spec, async () => {
    const wanted: ConsumerConfig = { ...fixedConfig(spec), durable_name: spec.name, ...startAt(from) };
    const { config, num_pending } = await manager.consumers.add(spec.stream, wanted);
    // Options that a server does not know, it ignores.
    refuseMismatch(`consumer ${spec.name}`, fixedConfig(spec), config);
    return num_pending;
  });
}

/** Creates a consumer that the server forgets when nobody has asked it for a while. @throws TransportError */
export async function createPassing(
  manager: JetStreamManager,
  spec: ConsumerSpec,
  from: ConsumerStart,
): Promise<void> {
  await guarded(spec, async () => {
    const wanted: ConsumerConfig = {
      ...fixedConfig(spec),
      name: spec.name,
      inactive_threshold: forgottenAfterMs * 1e6,
      mem_storage: true,
      ...startAt(from),
    };
    const { config } = await manager.consumers.add(spec.stream, wanted);
    const differences = mismatches(fixedConfig(spec), config);
    if (differences.length > 0) throw new TransportError(differences.join('; '));
  });
}

/** What is known of a consumer; `undefined` where there is none. */
export async function consumerInfo(
  manager: JetStreamManager,
  { stream, name }: Pick<ConsumerSpec, 'stream' | 'name'>,
): Promise<ConsumerInfo | undefined> {
  try {
    return await manager.consumers.info(stream, name);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** Deletes a consumer; fine if it is gone. */
export async function deleteConsumer(
  manager: JetStreamManager,
  { stream, name }: Pick<ConsumerSpec, 'stream' | 'name'>,
): Promise<void> {
  try {
    await manager.consumers.delete(stream, name);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.status === 404) return;
    throw error;
  }
}

type FixedConfig = Pick<
  ConsumerConfig,
  | 'filter_subject'
  | 'ack_policy'
  | 'ack_wait'
  | 'max_ack_pending'
  | 'max_deliver'
  | 'replay_policy'
  | 'inactive_threshold'
  | 'num_replicas'
>;

/**
 * What is checked on a consumer that is there. `max_deliver` stays without limit: a server that gives up a message
 * tells nobody who is not listening at that moment, so giving up is done here.
 */
function fixedConfig(spec: ConsumerSpec): FixedConfig {
  const { filter, ackWaitMs, maxAckPending, inactiveMs, replicas } = spec;
  return {
    ...(inactiveMs === undefined ? {} : { inactive_threshold: inactiveMs * 1e6 }),
    ...(replicas === undefined ? {} : { num_replicas: replicas }),
    filter_subject: filter,
    ack_policy: AckPolicy.Explicit,
    ack_wait: ackWaitMs * 1e6,
    max_ack_pending: maxAckPending,
    max_deliver: -1,
    replay_policy: ReplayPolicy.Instant,
  };
}

async function guarded<T>(spec: ConsumerSpec, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TransportError) throw error;
    throw new TransportError(
      `consumer ${spec.name} of stream ${spec.stream} could not be set up: ${describeError(error)}`,
      { cause: error },
    );
  }
}
