import { Subject } from 'rxjs';
import type { SupervisorOptions } from '../actors/create-supervisor.ts';
import type { Clock } from '../streams/event/clock.ts';
import type { AnyEventDefinition } from '../streams/event/define-event.ts';
import { createIdGenerator } from '../streams/event/event-id.ts';
import { EventRegistry, type UnknownTypes } from '../streams/event/event-registry.ts';
import type { Random } from '../streams/event/random.ts';
import { compose, type Middleware } from './middleware.ts';
import { assembleBus } from './assemble-bus.ts';
import type { Bus } from './bus.ts';
import { DeadLetterStore, type DeadLetterOptions } from './dead-letter.ts';
import { EventFactory, type Enricher } from './event-factory.ts';
import { consoleLogger, type Logger } from './logger.ts';
import { checkInteger, checkNumber, type DedupeOptions, type SubscriberOptions } from './options.ts';
import { PublishGate, type PublishRateLimit } from './publish-gate.ts';
import { Publisher } from './publisher.ts';
import { RoutingRules } from './routing-rules.ts';
import { SubscriberHost } from './subscriber-host.ts';
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

/**
 * Creates a bus: publishers on one side, supervised subscribers on the other.
 *
 * Every event goes the same way, in this order: enrich, validate, deduplicate, route, filter, lane,
 * breaker, handler with timeout, retry, dead letter. Nothing is started until something is subscribed.
 *
 * @throws RangeError or TypeError for options that make no sense.
 *
 * @example
 * ```ts
 * const bus = createBus({ source: 'shop' });
 * bus.subscribe(orderPlaced, (event) => console.log(event.data.total), { order: 'key' });
 * await bus.publish(orderPlaced, { orderId: '42', total: 99.5 });
 * await bus.close();
 * ```
 */
export function createBus(options: BusOptions = {}): Bus {
  const { source = 'app', unknownTypes = 'accept', events = [], enrich = [], middleware = [] } = options;
  const { clock = createSystemClock(), random = systemRandom, logger = consoleLogger() } = options;
  const { maxClockSkewMs = 60_000, maxCausationDepth = 64, heartbeatMs = 1000 } = options;
  checkNumber('maxClockSkewMs', maxClockSkewMs, 0);
  checkInteger('maxCausationDepth', maxCausationDepth, 1);
  checkNumber('heartbeatMs', heartbeatMs, 1);

  const registry = new EventRegistry(unknownTypes);
  for (const definition of events) registry.add(definition);
  const nextId = createIdGenerator({ clock, random });
  const factory = new EventFactory(
    { source, maxClockSkewMs, maxCausationDepth, enrich },
    { clock, random, nextId, registry },
  );
  const transport = (options.transport ?? memoryTransport())({ clock, random });
  const dedupe = options.dedupe === true ? {} : options.dedupe === false ? undefined : options.dedupe;
  const gate = new PublishGate({ dedupe, rateLimit: options.rateLimit }, clock);
  const errors = new Subject<unknown>();
  const publisher = new Publisher({
    factory,
    gate,
    transport,
    onError: (error) => errors.next(error),
    onUnheard: (error) =>
      logger.warn(
        { error },
        `an emitted event was not published: ${error instanceof Error ? error.message : String(error)}`,
      ),
  });
  const rules = new RoutingRules();
  const deadLetters = new DeadLetterStore(options.deadLetters ?? {}, async (event, subscriber) => {
    const published = await transport.publish([event], { to: subscriber });
    return published.matched > 0;
  });
  const host = new SubscriberHost(
    {
      defaults: options.subscriberDefaults ?? {},
      supervisor: options.supervisor ?? {},
      wrap: (handler) => compose(middleware, handler),
    },
    {
      clock,
      random,
      transport,
      deadLetters,
      rules,
      logger,
      registry,
      publishFrom: (call) => publisher.publishFrom(call),
      announce: (type, data) => publisher.announce(`breakwater.${type}`, data),
    },
  );
  return assembleBus({
    host,
    publisher,
    gate,
    registry,
    deadLetters,
    rules,
    errors,
    transport,
    clock,
    heartbeatMs,
    logger,
  });
}
