import type { SupervisorOptions } from '../actors/create-supervisor.ts';
import type { Clock } from '../streams/event/clock.ts';
import type { AnyEventDefinition } from '../streams/event/define-event.ts';
import { isDefinition } from '../streams/event/define-event.ts';
import { describeValue } from '../streams/event/describe-value.ts';
import type { UnknownTypes } from '../streams/event/event-registry.ts';
import type { Random } from '../streams/event/random.ts';
import type { DeadLetterOptions } from './dead-letters/dead-letter.ts';
import type { Enricher } from './publishing/event-factory.ts';
import { consoleLogger, type Logger } from './logger.ts';
import type { Middleware } from './middleware.ts';
import {
  checkChoice,
  checkFunctions,
  checkOptions,
  checkPort,
  givenOptions,
  type OptionNames,
} from '../streams/event/check-options.ts';
import {
  deadLetterOptionNames,
  dedupeOptionNames,
  publishRateLimitNames,
  queryCacheOptionNames,
  subscriberOptionNames,
  supervisorOptionNames,
} from './option-names.ts';
import {
  checkInteger,
  checkNumber,
  checkRateLimit,
  type DedupeOptions,
  type SubscriberOptions,
} from './options.ts';
import type { PublishRateLimit } from './publishing/publish-gate.ts';
import type { QueryCacheOptions } from './replay/queries.ts';
import { createSystemClock } from './system-clock.ts';
import { systemRandom } from './system-random.ts';
import { memoryTransport } from './transport/memory.ts';
import type { TransportFactory } from './transport/transport.ts';

/** What a bus may choose. Everything is checked when it is created. */
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
  /** How many subscribers there may be; each takes about 30 kB, and an event to all of them a call of each. Default `10_000`. */
  readonly maxSubscribers?: number;
  /** How often a subscriber that fails itself, not its handler, is started again. */
  readonly supervisor?: Omit<SupervisorOptions, 'onGiveUp'>;
  readonly deadLetters?: DeadLetterOptions;
  /** How many results of `bus.query` are kept. */
  readonly queryCache?: QueryCacheOptions;
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

const names: OptionNames<BusOptions> = {
  source: true,
  transport: true,
  events: true,
  unknownTypes: true,
  maxClockSkewMs: true,
  maxCausationDepth: true,
  enrich: true,
  middleware: true,
  dedupe: true,
  rateLimit: true,
  subscriberDefaults: true,
  maxSubscribers: true,
  supervisor: true,
  deadLetters: true,
  queryCache: true,
  heartbeatMs: true,
  logger: true,
  clock: true,
  random: true,
};

/**
 * Checks what a bus was asked for and fills in the defaults: this is where they all stand.
 *
 * @throws RangeError or TypeError that names the option and the value.
 */
export function resolveBusOptions(options: BusOptions): ResolvedBus {
  checkOptions('createBus', options, names);
  const { dedupe = false, ...given } = givenOptions(options);
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
    maxSubscribers: 10_000,
    supervisor: {},
    deadLetters: {},
    queryCache: {},
    heartbeatMs: 1000,
    logger: consoleLogger(),
    clock: createSystemClock(),
    random: systemRandom,
    ...given,
    dedupe: dedupe === true ? {} : dedupe === false ? undefined : dedupe,
  };
  checkValues(resolved);
  checkGroups(resolved);
  checkPorts(resolved);
  return resolved;
}

function checkValues({ source, events, unknownTypes, enrich, middleware, ...numbers }: ResolvedBus): void {
  checkNumber('maxClockSkewMs', numbers.maxClockSkewMs, 0);
  checkInteger('maxCausationDepth', numbers.maxCausationDepth, 1);
  checkNumber('heartbeatMs', numbers.heartbeatMs, 1);
  checkInteger('maxSubscribers', numbers.maxSubscribers, 1);
  checkChoice('unknownTypes', unknownTypes, ['accept', 'reject']);
  checkFunctions('enrich', enrich);
  checkFunctions('middleware', middleware);
  if (typeof source !== 'string' || source === '') {
    throw new TypeError(`source must be a text that is not empty, got ${describeValue(source)}`);
  }
  if (!Array.isArray(events) || !events.every(isDefinition)) {
    throw new TypeError(`events must be an array of what defineEvent gives, got ${describeValue(events)}`);
  }
}

function checkGroups({ dedupe, rateLimit, subscriberDefaults, supervisor, ...groups }: ResolvedBus): void {
  if (dedupe !== undefined) checkOptions('dedupe', dedupe, dedupeOptionNames);
  if (rateLimit !== undefined) {
    checkOptions('rateLimit', rateLimit, publishRateLimitNames);
    checkRateLimit(rateLimit);
    checkChoice('rateLimit.onLimit', rateLimit.onLimit ?? 'wait', ['wait', 'reject']);
  }
  const { name: _name, filter: _filter, fallback: _fallback, ...defaults } = subscriberOptionNames;
  checkOptions('subscriberDefaults', subscriberDefaults, defaults);
  checkOptions('supervisor', supervisor, supervisorOptionNames);
  checkOptions('deadLetters', groups.deadLetters, deadLetterOptionNames);
  checkOptions('queryCache', groups.queryCache, queryCacheOptionNames);
}

function checkPorts({ transport, logger, clock, random }: ResolvedBus): void {
  if (typeof transport !== 'function') {
    throw new TypeError(
      `transport must be what memoryTransport() or its kin gives, got ${describeValue(transport)}`,
    );
  }
  checkPort('logger', logger, ['debug', 'info', 'warn', 'error']);
  checkPort('clock', clock, ['now', 'monotonic', 'setTimeout', 'clearTimeout', 'defer', 'yieldTurn']);
  if (typeof random !== 'function') {
    throw new TypeError(`random must be a function, got ${describeValue(random)}`);
  }
}
