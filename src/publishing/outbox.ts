import type { PublishReceipt } from '../../actors/handler.ts';
import { describeValue } from '../../streams/event/describe-value.ts';
import type { ValidEnvelope } from '../../streams/event/envelope.ts';
import type { Publishable } from '../../streams/event/publish.ts';
import { checkOptions, type OptionNames } from '../../streams/event/check-options.ts';
import { batchReceipts } from './receipts.ts';
import type { EventFactory } from './event-factory.ts';
import { makeBatch } from './make-batch.ts';
import { neededStore } from '../needed-store.ts';
import type { PublishGate } from './publish-gate.ts';
import type { SnapshotWrite } from '../snapshot-store.ts';
import type { Transport } from '../transport/transport.ts';

/** States and events that are written together, or not at all. */
export interface BusCommit {
  /** As `publishBatch` takes them. */
  readonly events?: readonly Publishable[];
  /** States, in buckets of your own. */
  readonly writes?: readonly SnapshotWrite[];
}

const names: OptionNames<BusCommit> = { events: true, writes: true };

/** Buckets that are Breakwater's own: what is written there by others breaks places, proofs and entities. */
const reserved =
  /^(?:archive|audit|bridges|cursors|dead-letters|entities|health|subscriptions)$|^(?:entity|leases|progress)(?:$|[-:])|^breakwater/;

export interface OutboxPorts {
  readonly factory: EventFactory;
  readonly gate: PublishGate;
  readonly transport: Transport;
  readonly published: (count: number) => void;
}

/**
 * Writes states and publishes events in one transaction of the store, so that no crash leaves one without the other.
 *
 * @throws what publishBatch throws; ConflictError when a revision that was expected is no longer there.
 */
export async function commitOnBus(commit: BusCommit, ports: OutboxPorts): Promise<PublishReceipt[]> {
  checkOptions('commit', commit, names);
  const { events = [], writes = [] } = commit;
  const { factory, gate, transport } = ports;
  const store = neededStore(transport, 'commit');
  for (const { bucket } of writes) {
    if (typeof bucket === 'string' && !reserved.test(bucket)) continue;
    throw new TypeError(`bucket ${describeValue(bucket)} is Breakwater's own; choose another name`);
  }
  let passing: readonly ValidEnvelope[] = [];
  try {
    const made = await makeBatch(factory, events);
    passing = await gate.passAll(made);
    const { first, level } = await store.commit({ events: passing, writes });
    ports.published(passing.length);
    return batchReceipts(made, passing, {
      level,
      matched: -1,
      ...(first === undefined ? {} : { first }),
    });
  } catch (error) {
    for (const event of passing) gate.forget(event.id);
    throw error;
  }
}
