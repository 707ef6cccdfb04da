import { guarded } from './logger.ts';
import { describeError } from '../streams/event/describe-error.ts';
import { Subject } from 'rxjs';
import type { HandlerCall } from '../actors/handler-call.ts';
import type { HandlerContext, PublishReceipt } from '../actors/handler.ts';
import type { EventEnvelope } from '../streams/event/envelope.ts';
import { EventRegistry } from '../streams/event/event-registry.ts';
import { assembleBus } from './assemble-bus.ts';
import { busDeadLetters, busLogParts } from './bus-log-parts.ts';
import { resolveBusOptions, type BusOptions, type ResolvedBus } from './bus-options.ts';
import type { Bus } from './bus.ts';
import { Entities } from './entities/entities.ts';
import { EventFactory } from './publishing/event-factory.ts';
import { EventStreams } from './event-streams.ts';
import { eventLift } from './publishing/lift-event.ts';
import { compose } from './middleware.ts';
import { PublishGate } from './publishing/publish-gate.ts';
import { Publisher } from './publishing/publisher.ts';
import { RemoteActors, type RemoteActorsPorts } from './remote/remote-actors.ts';
import type { BusRequests } from './requests/request-options.ts';
import { Requests } from './requests/requests.ts';
import { RoutingRules } from './routing-rules.ts';
import { SubscriberHost, type HostOptions, type HostPorts } from './subscriptions/subscriber-host.ts';
import { SubscriptionRegistry } from './subscriptions/subscription-registry.ts';

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
  const resolved = resolveBusOptions(options);
  const { clock, random, heartbeatMs } = resolved;

  const logger = guarded(resolved.logger);
  const registry = new EventRegistry(resolved.unknownTypes);
  for (const definition of resolved.events) registry.add(definition);
  const factory = new EventFactory(resolved, { clock, random, registry });
  const lift = eventLift(registry);
  const announce = (type: string, data: object): void => publisher.announce(`breakwater.${type}`, data);
  const onSettled = (): void => host.settled();
  const transport = resolved.transport({ clock, random, logger, lift, announce, onIdle: onSettled });
  const gate = new PublishGate(resolved, clock);
  const errors = new Subject<unknown>();
  const publisher: Publisher = new Publisher({
    factory,
    gate,
    transport,
    onError: (error) => errors.next(error),
    onUnheard: (error) =>
      logger.warn({ error }, `an emitted event was not published: ${describeError(error)}`),
  });
  const rules = new RoutingRules();
  const kept = { clock, logger, lift, transport };
  const deadLetters = busDeadLetters(resolved.deadLetters, {
    ...kept,
    entities: (): Entities => entities,
  });
  const ports = { clock, random, transport, deadLetters, rules, logger, registry };
  const newId = (): string => factory.id();
  const { store } = transport;
  const subscriptions = new SubscriptionRegistry({ clock, logger, store, newId, intervalMs: heartbeatMs });
  const streams = new EventStreams({ ...ports, onSettled });
  const onError = (error: unknown): void => errors.next(error);
  const publish = (event: EventEnvelope): Promise<PublishReceipt> => publisher.publish(event);
  const entities = new Entities({ ...ports, factory, lift, announce, onSettled, onError, publish });
  const publishFrom = (call: HandlerCall): HandlerContext['publish'] => publisher.publishFrom(call);
  const hostPorts = { ...ports, streams: both(streams, entities), publishFrom, announce, subscriptions };
  const host = new SubscriberHost(hostOptions(resolved), hostPorts);
  const requests = newRequests(resolved, hostPorts);
  return assembleBus({
    ...ports,
    types: registry,
    registry: subscriptions,
    host,
    streams,
    entities,
    requests,
    actors: remoteActors(requests, { clock, logger, newId }),
    publisher,
    gate,
    errors,
    heartbeatMs,
    ...busLogParts(resolved, { ...kept, registry, factory, gate, host, publisher }),
  });
}

function remoteActors(requests: Requests, ports: Omit<RemoteActorsPorts, keyof BusRequests>): RemoteActors {
  return new RemoteActors({ ...requests.calls, ...ports });
}

/** Requests have types of their own, apart from those of events. */
function newRequests(resolved: ResolvedBus, ports: HostPorts): Requests {
  const { clock, random } = ports;
  const registry = new EventRegistry(resolved.unknownTypes);
  const factory = new EventFactory(resolved, { clock, random, registry });
  const options = { ...hostOptions(resolved), defaults: {} };
  return new Requests(options, { ...ports, factory, registry, source: resolved.source });
}

function hostOptions({
  subscriberDefaults,
  maxSubscribers,
  supervisor,
  middleware,
}: ResolvedBus): HostOptions {
  return {
    defaults: subscriberDefaults,
    maxSubscribers,
    supervisor,
    wrap: (handler) => compose(middleware, handler),
  };
}

/** Idle means entities, too. */
function both(streams: EventStreams, entities: Entities): HostPorts['streams'] {
  return {
    get quiet() {
      return streams.quiet && entities.quiet;
    },
    close: () => streams.close(),
  };
}
