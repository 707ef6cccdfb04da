import type { JetStreamManager } from '@nats-io/jetstream';
import type { Msg } from '@nats-io/transport-node';
import type { Clock } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { Random } from '../../streams/event/random.ts';
import type { Logger } from '../logger.ts';
import type { StartFrom } from '../start-from.ts';
import type { Acknowledger } from './acknowledger.ts';
import { type ConsumerSpec, consumerInfo, createPassing, ensureConsumer } from './consumer-setup.ts';
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

/** Milliseconds between looks at a consumer that does not answer. */
const lookAgainMs = 300;

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
  const { plan, named, from, capacity, requestBytes } = input;
  const specs = await setUp(manager, input, config, ports.random);
  const window = Math.max(1, Math.floor(capacity / specs.length));
  const revive = reviver(manager, named ? plan.kind : 'passing', from, ports);
  return specs.map(
    (spec) => new MessageSource({ spec, window, maxBytes: requestBytes }, { ...ports, onDoubt: revive }),
  );
}

async function setUp(
  manager: JetStreamManager,
  { plan, named, from }: SourcesInput,
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

/** What to do about a consumer that is silent or gone: look, and set it up again where that is right. */
function reviver(
  manager: JetStreamManager,
  kind: 'shared' | 'owned' | 'passing',
  from: StartFrom,
  { clock, logger, onLost }: SourcesPorts,
): (source: MessageSource, gone: boolean) => void {
  const looking = new Set<MessageSource>();

  async function look(source: MessageSource): Promise<void> {
    const { spec, lastSequence } = source;
    if ((await consumerInfo(manager, spec)) !== undefined) return;
    if (kind === 'owned') {
      onLost(source);
      return;
    }
    logger.warn({ consumer: spec.name }, `consumer ${spec.name} is gone; it is made again`);
    if (kind === 'shared') await ensureConsumer(manager, spec, from);
    else await createPassing(manager, spec, lastSequence === 0 ? from : { sequence: lastSequence + 1 });
  }

  return (source, gone) => {
    // Nobody deletes an owner's consumer but the next owner: from now on this one only does harm.
    if (gone && kind === 'owned') {
      onLost(source);
      return;
    }
    if (looking.has(source)) return;
    looking.add(source);
    clock.setTimeout(() => {
      look(source)
        .catch((error: unknown) => {
          logger.debug({ consumer: source.spec.name }, `consumer does not answer: ${describeError(error)}`);
        })
        .finally(() => {
          looking.delete(source);
          source.refill();
        });
    }, lookAgainMs);
  };
}
