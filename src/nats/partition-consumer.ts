import type { JetStreamManager } from '@nats-io/jetstream';
import {
  type ConsumerSpec,
  type ConsumerStart,
  consumerInfo,
  createConsumer,
  deleteConsumer,
} from './consumer-setup.ts';
import { firstOpen, type PartitionProgress } from './partition-progress.ts';

/** The name of the `number`th consumer that the owner with `token` reads a part from. */
export function partitionConsumerName(prefix: string, token: number, number: number): string {
  return `${prefix}=e${String(token).padStart(9, '0')}-${number}`;
}

/** Where an owner begins, and whether messages of the one before it were under way. */
export interface OwnerStart {
  readonly from: ConsumerStart;
  readonly underWay: boolean;
}

/**
 * Where an owner begins that takes over: behind what the one before has kept as settled, or acknowledged since.
 *
 * @throws what the server's answers are, or the lack of them.
 */
export async function startOfOwner(
  manager: JetStreamManager,
  stream: string,
  before: PartitionProgress,
  from: ConsumerStart,
): Promise<OwnerStart> {
  let sequence = firstOpen(before) ?? 0;
  let underWay = false;
  for (const name of before.consumers) {
    const info = await consumerInfo(manager, { stream, name });
    if (info === undefined) continue;
    const { ack_floor, config, num_ack_pending } = info;
    underWay ||= num_ack_pending > 0;
    // One that nothing came from yet says only where it began.
    sequence = Math.max(sequence, ack_floor.stream_seq === 0 ? 0 : ack_floor.stream_seq + 1);
    sequence = Math.max(sequence, config.opt_start_seq ?? 0);
  }
  return { from: sequence === 0 ? from : { sequence }, underWay };
}

/**
 * Creates an owner's consumer, then deletes those before it, whose messages thereby come to nobody else. Gives how many
 * messages wait.
 */
export async function replaceConsumers(
  manager: JetStreamManager,
  spec: ConsumerSpec,
  start: ConsumerStart,
  before: readonly string[],
): Promise<number> {
  const waiting = await createConsumer(manager, spec, start);
  const { stream } = spec;
  for (const name of before) if (name !== spec.name) await deleteConsumer(manager, { stream, name });
  return waiting;
}
