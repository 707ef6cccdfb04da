import type { JetStreamManager } from '@nats-io/jetstream';
import type { Msg } from '@nats-io/transport-node';
import type { Clock } from '../../streams/event/clock.ts';
import type { Random } from '../../streams/event/random.ts';
import type { Logger } from '../logger.ts';
import type { StartFrom } from '../start-from.ts';
import type { Acknowledger } from './acknowledger.ts';
import { consumerKeeper } from './consumer-keeper.ts';
import { type ConsumerSpec, type ConsumerStart, createPassing, ensureConsumer } from './consumer-setup.ts';
import type { HeldMessage } from './held-message.ts';
import type { ResolvedJetStream } from './jetstream-options.ts';
import type { ReadingPlan } from './jetstream-plan.ts';
import { MessageSource } from './message-source.ts';
import type { NatsLink } from './nats-link.ts';
import { takeOver } from './owned-consumers.ts';

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
  /** A consumer that this process owned is gone. */
  readonly onLost: (source: MessageSource) => void;
}

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
): Promise<MessageSource[]> {
  const { plan, named, capacity, requestBytes } = input;
  // A sequence, so that a consumer that has to be made again, before anything came, begins at the same place.
  const from: ConsumerStart =
    input.from === 'now'
      ? { sequence: (await manager.streams.info(config.stream.name)).state.last_seq + 1 }
      : input.from;
  const specs = await setUp(manager, input, from, config, ports.random);
  const window = Math.max(1, Math.floor(capacity / specs.length));
  const kind = named ? plan.kind : 'passing';
  const onDoubt = consumerKeeper({ manager, kind, parts: plan.parts, from }, ports);
  return specs.map((spec) => {
    const shared = { spec, single: kind !== 'shared', window, maxBytes: requestBytes };
    return new MessageSource(shared, { ...ports, onDoubt });
  });
}

async function setUp(
  manager: JetStreamManager,
  { plan, named }: SourcesInput,
  from: ConsumerStart,
  { stream, consumer }: ResolvedJetStream,
  random: Random,
): Promise<ConsumerSpec[]> {
  const { ackWaitMs, maxAckPending } = consumer;
  const limits = { stream: stream.name, ackWaitMs, maxAckPending };
  if (named && plan.kind === 'owned') return takeOver(manager, plan.parts, limits, { from, random });
  const tag = named ? '' : `=${Math.floor(random() * 2 ** 40).toString(36)}`;
  const specs = plan.parts.map(({ prefix, filter }) => ({ ...limits, name: prefix + tag, filter }));
  for (const spec of specs) {
    if (named) await ensureConsumer(manager, spec, from);
    else await createPassing(manager, spec, from);
  }
  return specs;
}
