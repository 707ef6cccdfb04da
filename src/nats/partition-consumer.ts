import type { JetStreamManager } from '@nats-io/jetstream';
import { type ConsumerStart, consumerInfo, deleteConsumer } from './consumer-setup.ts';
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
 * A consumer on a server that does not answer cannot tell: then what was kept counts, and what was settled in its last
 * moments comes once more.
 */
export async function startOfOwner(
  manager: JetStreamManager,
  stream: string,
  before: PartitionProgress,
  from: ConsumerStart,
): Promise<OwnerStart> {
  let sequence = firstOpen(before) ?? 0;
  let underWay = before.open.length > 0;
  // Who has handed it over has kept all.
  const names = before.left ? [] : before.consumers;
  const asked = names.map((name) => consumerInfo(manager, { stream, name }).catch(nothing));
  for (const info of await Promise.all(asked)) {
    if (info === undefined) continue;
    const { ack_floor, config, num_ack_pending } = info;
    underWay ||= num_ack_pending > 0;
    // One that nothing came from yet says only where it began.
    sequence = Math.max(sequence, ack_floor.stream_seq === 0 ? 0 : ack_floor.stream_seq + 1);
    sequence = Math.max(sequence, config.opt_start_seq ?? 0);
  }
  return { from: sequence === 0 ? from : { sequence }, underWay };
}

/** Deletes consumers. Gives those that are still there, for all that is known: their server does not answer. */
export async function forgetConsumers(
  manager: JetStreamManager,
  stream: string,
  names: readonly string[],
): Promise<string[]> {
  const left: string[] = [];
  const deleting = names.map((name) =>
    deleteConsumer(manager, { stream, name }).catch(() => left.push(name)),
  );
  await Promise.all(deleting);
  return left;
}

function nothing(): undefined {}
