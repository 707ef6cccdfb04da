import type { JetStreamManager } from '@nats-io/jetstream';
import type { Clock } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { Random } from '../../streams/event/random.ts';
import type { Logger } from '../logger.ts';
import {
  type ConsumerSpec,
  type ConsumerStart,
  consumerInfo,
  createPassing,
  deleteConsumer,
  ensureConsumer,
} from './consumer-setup.ts';
import type { MessageSource } from './message-source.ts';
import { type Doubt, mayBeThere } from './pull-source.ts';

export interface KeeperConfig {
  readonly manager: JetStreamManager;
  /** Who reads the consumers: all processes of a name, or one process. */
  readonly kind: 'shared' | 'passing';
  /** Where they began. */
  readonly from: ConsumerStart;
}

export interface KeeperPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Milliseconds before the first look at a consumer that does not answer, and between tries. */
const lookAgainMs = 300;

/**
 * Looks after consumers: gives what to call when one is in doubt.
 *
 * One that many read is made again if it is gone. One that a single process reads is replaced by a new one as soon as
 * deliveries may have been lost: it begins behind what has come, so that what was lost comes first, in order.
 */
export function consumerKeeper(
  config: KeeperConfig,
  ports: KeeperPorts,
): (source: MessageSource, doubt: Doubt) => void {
  const { kind } = config;
  const looking = new Set<MessageSource>();

  async function look(source: MessageSource, doubt: Doubt): Promise<void> {
    if (mayBeThere(doubt) && (await isThere(source, config))) source.refill();
    else if (kind === 'shared') await remake(source, config, ports.logger);
    else await replace(source, config, ports.random);
  }

  const later = (source: MessageSource, doubt: Doubt): void => {
    ports.clock.setTimeout(() => tryLook(source, doubt), lookAgainMs, true);
  };

  function tryLook(source: MessageSource, doubt: Doubt): void {
    look(source, doubt).then(
      () => looking.delete(source),
      (error: unknown) => {
        const { name } = source.spec;
        if (source.ended) looking.delete(source);
        else {
          ports.logger.debug({ consumer: name }, `consumer ${name} is in doubt: ${describeError(error)}`);
          later(source, doubt);
        }
      },
    );
  }

  return (source, doubt) => {
    if (looking.has(source)) return;
    looking.add(source);
    if (mayBeThere(doubt)) later(source, doubt);
    else tryLook(source, doubt);
  };
}

/** Whether it can be asked again. One server keeps a passing one: if that does not answer, there is another to be made. */
async function isThere({ spec }: MessageSource, { manager, kind }: KeeperConfig): Promise<boolean> {
  const asked = consumerInfo(manager, spec);
  const info = await (kind === 'passing' ? asked.catch(nothing) : asked);
  return info !== undefined;
}

async function remake(source: MessageSource, { manager, from }: KeeperConfig, logger: Logger): Promise<void> {
  const { spec, resumeAt } = source;
  logger.warn({ consumer: spec.name }, `consumer ${spec.name} is gone; it is made again`);
  await ensureConsumer(manager, spec, resumeAt === undefined ? from : { sequence: resumeAt });
  source.refill();
}

async function replace(
  source: MessageSource,
  { manager, from }: KeeperConfig,
  random: Random,
): Promise<void> {
  source.suspend();
  const { spec, resumeAt } = source;
  const start = resumeAt === undefined ? from : { sequence: resumeAt };
  const next = await renewPassing(manager, spec, start, random);
  if (source.ended) await deleteConsumer(manager, next);
  else source.readFrom(next);
}

async function renewPassing(
  manager: JetStreamManager,
  spec: ConsumerSpec,
  start: ConsumerStart,
  random: Random,
): Promise<ConsumerSpec> {
  const stem = spec.name.slice(0, spec.name.lastIndexOf('='));
  const next = { ...spec, name: `${stem}=${Math.floor(random() * 2 ** 40).toString(36)}` };
  await createPassing(manager, next, start);
  // Its server may be away; it forgets it by itself.
  void deleteConsumer(manager, spec).catch(nothing);
  return next;
}

function nothing(): undefined {}
