import type { SupervisorOptions } from '../actors/create-supervisor.ts';
import type { Clock } from '../streams/event/clock.ts';
import type { AnyEventDefinition } from '../streams/event/define-event.ts';
import { describeValue } from '../streams/event/describe-value.ts';
import type { UnknownTypes } from '../streams/event/event-registry.ts';
import type { Random } from '../streams/event/random.ts';
import type { DeadLetterOptions } from './dead-letter.ts';
import type { Enricher } from './event-factory.ts';
import { consoleLogger, type Logger } from './logger.ts';
import type { Middleware } from './middleware.ts';
import { checkInteger, checkNumber, type DedupeOptions, type SubscriberOptions } from './options.ts';
import type { PublishRateLimit } from './publish-gate.ts';
import { createSystemClock } from './system-clock.ts';
import { systemRandom } from './system-random.ts';
import { memoryTransport } from './transport/memory.ts';
import type { TransportFactory } from './transport/transport.ts';

export interface BusOptions {
  /** Who publishes: the `source` of events that name none. Default `'app'`. */
  readonly source?: string;
  /** What carries the events. Default `memoryTransport()`. */
  readonly transport?: TransportFactory;
  /** Definitions known from the start; others become known when they are used. */
  readonly events?: readonly AnyEventDefinition[];
  /** Whether types without a definition may be published. Default `'accept'`. */
  readonly unknownTypes?: UnknownTypes;
  /** How far in the future an event's time may lie, for clocks that disagree. Default `60_000`. */
  readonly maxClockSkewMs?: number;
  /** How long a chain of events that cause each other may be. Default `64`. */
  readonly maxCausationDepth?: number;
  /** Says more about each event that is published, in this order. */
  readonly enrich?: readonly Enricher[];
  /** Wraps every handler call, the first outermost: inside breaker, timeout and retry. */
  readonly middleware?: readonly Middleware[];
  /** Publish an id once within a window; further publishes succeed and go nowhere. Default `false`. */
  readonly dedupe?: DedupeOptions | boolean;
  /** How many events a second may be published. */
  readonly rateLimit?: PublishRateLimit;
  /** What subscribers choose when they do not choose themselves. */
  readonly subscriberDefaults?: Omit<SubscriberOptions, 'name' | 'filter' | 'fallback'>;
  /** How often a subscriber that fails itself, not its handler, is started again. */
  readonly supervisor?: Omit<SupervisorOptions, 'onGiveUp'>;
  readonly deadLetters?: DeadLetterOptions;
  /** Milliseconds between looks at the queues, and between values of `stats$`. Default `1_000`. */
  readonly heartbeatMs?: number;
  /** Where operators are told what they should know. Default `consoleLogger()`, warnings and errors. */
  readonly logger?: Logger;
  /** Default: the real clock. */
  readonly clock?: Clock;
  /** Default: the real randomness. */
  readonly random?: Random;
}

/** A bus's options, checked and complete. */
export type ResolvedBus = Required<Omit<BusOptions, 'dedupe' | 'rateLimit'>> & {
  readonly dedupe: DedupeOptions | undefined;
  readonly rateLimit: PublishRateLimit | undefined;
};

/**
 * Checks what a bus was asked for and fills in the defaults: this is where they all stand.
 *
 * @throws RangeError or TypeError that names the option and the value.
 */
export function resolveBusOptions(options: BusOptions): ResolvedBus {
  const { dedupe = false, ...given } = options;
  const resolved: ResolvedBus = {
    source: 'app',
    transport: memoryTransport(),
    events: [],
    unknownTypes: 'accept',
    maxClockSkewMs: 60_000,
    maxCausationDepth: 64,
    enrich: [],
    middleware: [],
    rateLimit: undefined,
    subscriberDefaults: {},
    supervisor: {},
    deadLetters: {},
    heartbeatMs: 1000,
    logger: consoleLogger(),
    clock: createSystemClock(),
    random: systemRandom,
    ...given,
    dedupe: dedupe === true ? {} : dedupe === false ? undefined : dedupe,
  };
  for (const option of Object.keys(options)) {
    if (!(option in resolved)) {
      throw new TypeError(
        `${describeValue(option)} is not an option of createBus; there are ${Object.keys(resolved).join(', ')}`,
      );
    }
  }
  checkNumber('maxClockSkewMs', resolved.maxClockSkewMs, 0);
  checkInteger('maxCausationDepth', resolved.maxCausationDepth, 1);
  checkNumber('heartbeatMs', resolved.heartbeatMs, 1);
  if (typeof resolved.source !== 'string' || resolved.source === '') {
    throw new TypeError(`source must be a text that is not empty, got ${describeValue(resolved.source)}`);
  }
  if (typeof resolved.transport !== 'function') {
    throw new TypeError(
      `transport must be what memoryTransport() or its kin gives, got ${describeValue(resolved.transport)}`,
    );
  }
  return resolved;
}
