import type { Subscription } from 'rxjs';
import type { Clock } from '../../streams/event/clock.ts';
import { isDefinition } from '../../streams/event/define-event.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import { describeValue } from '../../streams/event/describe-value.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { glob, isGlob, type GlobPattern } from '../../streams/event/glob.ts';
import type { Random } from '../../streams/event/random.ts';
import { checkSubscriptionPattern } from '../../streams/event/subscription-pattern.ts';
import { BridgeRun } from '../bridge/bridge-run.ts';
import type { BridgeStatus } from '../bridge/bridge-status.ts';
import type { Bus } from '../bus.ts';
import { checkOptions, type OptionNames } from '../../streams/event/check-options.ts';
import { consoleLogger, type Logger } from '../logger.ts';
import { checkStart, type StartFrom } from '../start-from.ts';
import type { Subscribable } from '../subscriptions/subscribable.ts';
import { createSystemClock } from '../system-clock.ts';
import { systemRandom } from '../system-random.ts';
import { BridgeOutlet } from './bridge-outlet.ts';
import { type JetStreamOptions, resolveJetStream } from './jetstream-options.ts';

/** What goes over a bridge, and where to. */
export interface BridgeOptions {
  /** The server and the stream, as `jetStream()` takes them. */
  readonly to: JetStreamOptions;
  /** What its place in the log and its dead letters are kept under; unique in the bus. Default `'bridge'`. */
  readonly name?: string;
  /** Definitions, patterns or globs of what goes over. Default: all. */
  readonly patterns?: readonly Subscribable[];
  /** Where it begins when no place is kept. Default `'start'`: with the oldest event that the log has. */
  readonly from?: StartFrom;
  /** Default: the real clock. */
  readonly clock?: Clock;
  /** Default: `Math.random`. */
  readonly random?: Random;
  /** Default: the console. */
  readonly logger?: Logger;
}

/** A bridge that is open. */
export interface Bridge extends AsyncDisposable {
  readonly name: string;
  status(this: void): BridgeStatus;
  /** Resolves when all is over, or given up, that was published before. Rejects with ClosedError. */
  drained(this: void): Promise<void>;
  /** Takes no more over; what is left goes with the next of its name. Before or after its bus. Idempotent. */
  close(this: void): Promise<void>;
}

const names: OptionNames<BridgeOptions> = {
  to: true,
  name: true,
  patterns: true,
  from: true,
  clock: true,
  random: true,
  logger: true,
};

/**
 * Takes the events of a bus with a log over to a stream of JetStream, whenever its server can be reached: an outbox.
 *
 * Publishes never wait for it: they are in the log. What is over is kept in the store; each event is stored there once,
 * in the order of the log for each key and each type, through crashes of either side and outages of any length, as long
 * as the stream still has what came when the connection broke. What cannot go over is in the dead letters, under the
 * bridge's name; `requeue` sends it again. Memory: one wave of some 4 000 events or 4 MB. Costs one commit a wave.
 *
 * @throws TypeError for a bus without a log, or a name that is taken; TypeError, RangeError for options that make no sense.
 *
 * @example
 * ```ts no-run
 * bridge(bus, { to: { servers: 'nats://hq:4222', namespace: 'shop' }, patterns: ['order.>'] });
 * ```
 */
export function bridge(bus: Pick<Bus, 'store' | 'stream' | 'deadLetters'>, options: BridgeOptions): Bridge {
  checkOptions('bridge', options, names);
  const { name = 'bridge', from = 'start', clock = createSystemClock(), random = systemRandom } = options;
  const { logger = consoleLogger(), patterns = ['>'] } = options;
  const config = resolveJetStream(options.to);
  checkStart(from);
  const wanted = patterns.map(patternOf);
  const { store, deadLetters } = bus;
  if (store === undefined) {
    throw new TypeError(
      'bridge needs a bus that keeps its events: createBus({ transport: lmdb({ path }) }), for one',
    );
  }
  const requeued = takeRequeued(bus, name, {
    take: (event) => run.sendAlone(event),
    // The bus has closed, and its store is about to.
    ended: () => void run.close(),
  });
  const run = new BridgeRun(
    { name, patterns: wanted, from },
    {
      store,
      clock,
      random,
      logger,
      outlet: new BridgeOutlet(config, { clock, random, logger }),
      giveUp: async (event, position, error) => {
        // After a crash it may be there already.
        if (deadLetters.list({ subscriber: name }).some((letter) => letter.position === position)) return;
        await deadLetters.keep({ event, subscriber: name, error, position });
      },
    },
  );
  const close = async (): Promise<void> => {
    requeued.unsubscribe();
    await run.close();
  };
  return {
    name,
    status: () => run.status(),
    drained: () => run.drained(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Takes what is requeued from the dead letters of a name. @throws TypeError where the name is taken */
function takeRequeued(
  bus: Pick<Bus, 'stream'>,
  name: string,
  { take, ended }: { readonly take: (event: EventEnvelope) => Promise<void>; readonly ended: () => void },
): Subscription {
  let refused: unknown;
  // No event is of this type: what comes is given to the name alone.
  const requeued = bus.stream('breakwater.bridge.requeued', { name, ack: 'manual', durable: false });
  const subscription = requeued.subscribe({
    next: (delivery) => {
      take(delivery.event).then(
        () => delivery.ack(),
        (error: unknown) => delivery.term(describeError(error)),
      );
    },
    error: (error: unknown) => (refused = error),
    complete: ended,
  });
  if (refused !== undefined) throw refused;
  return subscription;
}

function patternOf(subject: Subscribable): string | GlobPattern {
  if (typeof subject === 'string') return checkSubscriptionPattern(subject);
  if (isDefinition(subject)) return subject.type;
  if (isGlob(subject)) return glob(subject.source);
  throw new TypeError(`bridge takes definitions, patterns and globs, got ${describeValue(subject)}`);
}
