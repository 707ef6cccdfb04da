import type { JetStreamManager } from '@nats-io/jetstream';
import type { Msg } from '@nats-io/transport-node';
import type { Clock } from '../../streams/event/clock.ts';
import type { Random } from '../../streams/event/random.ts';
import type { Logger } from '../logger.ts';
import type { SnapshotStore } from '../snapshot-store.ts';
import type { StartFrom } from '../start-from.ts';
import type { Acknowledger } from './acknowledger.ts';
import { agreeOnStart } from './agree-on-start.ts';
import { consumerKeeper } from './consumer-keeper.ts';
import { type ConsumerSpec, type ConsumerStart, createPassing, ensureConsumer } from './consumer-setup.ts';
import type { HeldMessage } from './held-message.ts';
import type { ResolvedJetStream } from './jetstream-options.ts';
import type { ReadingPlan } from './jetstream-plan.ts';
import { MessageSource } from './message-source.ts';
import type { NatsLink } from './nats-link.ts';
import { SharedPartitions } from './shared-partitions.ts';

export interface SourcesInput {
  readonly name: string;
  /** Whether the position is kept under its name; else it begins now and is forgotten when it ends. */
  readonly named: boolean;
  /** Where it begins when no position is kept. */
  readonly from: StartFrom;
  readonly plan: ReadingPlan;
  /** Events that may be held, over all consumers. */
  readonly capacity: number;
  readonly requestBytes: number;
}

export interface SourcesPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly link: NatsLink;
  readonly logger: Logger;
  readonly acknowledger: Acknowledger;
  readonly onMessage: (message: Msg, held: HeldMessage) => void;
  readonly onAgain: (id: string) => void;
  /** Where processes that share parts say who owns which, and how far it has come. */
  readonly state: SnapshotStore;
  /** Handlers that run may be at work on what is another process's now. */
  readonly onRevoked: (reason: Error) => void;
}

/** What reads some of a subscription's events. */
export interface EventSource {
  /** Takes nothing more; what is held is still settled. */
  detach(): void;
  /** Tells the server that what is held since `since` (monotonic) is in progress. */
  stillWorking(since: number): void;
  /** Leaves to others what is not settled. What it promises, the transport waits for when it closes. */
  release(): Promise<void> | void;
  /** Leaves without waiting for handlers that run. */
  abandon?(): Promise<void>;
}

/** The least number of events of one partition that are held: a key that is retried must not stop all others. */
const leastWindow = 64;

/**
 * Sets up the consumers that a subscription needs, and gives what reads them.
 *
 * @throws TransportError that says how what is there differs, or why the server would not.
 */
export async function openSources(
  manager: JetStreamManager,
  input: SourcesInput,
  config: ResolvedJetStream,
  ports: SourcesPorts,
): Promise<EventSource[]> {
  const { plan, named, capacity, requestBytes } = input;
  // A sequence, so that a consumer that has to be made again, before anything came, begins at the same place.
  const from: ConsumerStart =
    input.from === 'now'
      ? { sequence: (await manager.streams.info(config.stream.name)).state.last_seq + 1 }
      : input.from;
  if (named && plan.kind === 'owned') return [await openShared(manager, input, from, config, ports)];
  const specs = await setUp(manager, input, from, config, ports.random);
  const window = Math.max(1, Math.floor(capacity / specs.length));
  const kind = named ? 'shared' : 'passing';
  const onDoubt = consumerKeeper({ manager, kind, from }, ports);
  return specs.map((spec) => {
    const shared = { spec, single: kind !== 'shared', window, maxBytes: requestBytes };
    const source = new MessageSource(shared, { ...ports, onDoubt });
    source.refill();
    return source;
  });
}

async function openShared(
  manager: JetStreamManager,
  { name, plan, capacity, requestBytes }: SourcesInput,
  asked: ConsumerStart,
  { stream, consumer }: ResolvedJetStream,
  ports: SourcesPorts,
): Promise<SharedPartitions> {
  const { ackWaitMs, maxAckPending, leaseMs } = consumer;
  const from = await agreeOnStart(ports.state, name, asked);
  const { parts } = plan;
  const window = Math.max(leastWindow, Math.floor(capacity / parts.length));
  const limits = { stream: stream.name, ackWaitMs, maxAckPending };
  const source = { window, maxBytes: requestBytes };
  const shared = new SharedPartitions({ name, parts, limits, from, leaseMs, source }, { ...ports, manager });
  shared.start();
  return shared;
}

async function setUp(
  manager: JetStreamManager,
  { plan, named }: SourcesInput,
  from: ConsumerStart,
  { stream, consumer }: ResolvedJetStream,
  random: Random,
): Promise<ConsumerSpec[]> {
  const { ackWaitMs, maxAckPending } = consumer;
  // Several processes rely on the place of a named one; a passing one is made again where its reader was.
  const limits = { stream: stream.name, ackWaitMs, maxAckPending, ...(named ? {} : { replicas: 1 }) };
  const tag = named ? '' : `=${Math.floor(random() * 2 ** 40).toString(36)}`;
  const specs = plan.parts.map(({ prefix, filter }) => ({ ...limits, name: prefix + tag, filter }));
  for (const spec of specs) {
    if (named) await ensureConsumer(manager, spec, from);
    else await createPassing(manager, spec, from);
  }
  return specs;
}
