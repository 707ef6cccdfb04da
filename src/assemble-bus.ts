import { describeError } from '../streams/event/describe-error.ts';
import { Observable, share, type Subject } from 'rxjs';
import type { EntityDefinition } from '../actors/define-entity.ts';
import type { Handler } from '../actors/handler.ts';
import type { Clock, TimerHandle } from '../streams/event/clock.ts';
import type { EventFields } from '../streams/event/define-event.ts';
import type { EventRegistry } from '../streams/event/event-registry.ts';
import type { Bus, CloseReport, StreamCall } from './bus.ts';
import type { Subscribable } from './subscriptions/subscribable.ts';
import { busLogCalls, type BusLogParts } from './bus-log-calls.ts';
import type { BusStats } from './bus-stats.ts';
import { findHandlers, type DiscoveryReport } from './discover-handlers.ts';
import type { Entities } from './entities/entities.ts';
import type { EventStreams } from './event-streams.ts';
import type { Logger } from './logger.ts';
import { checkNumber, type SubscriberOptions } from './options.ts';
import type { PublishGate } from './publishing/publish-gate.ts';
import type { Publisher } from './publishing/publisher.ts';
import { QueueWatch } from './subscriptions/queue-watch.ts';
import type { RemoteActors } from './remote/remote-actors.ts';
import type { Requests } from './requests/requests.ts';
import type { RoutingRules } from './routing-rules.ts';
import type { StreamOptions } from './stream-options.ts';

/** Milliseconds that a handler module may take to load. */
const importTimeoutMs = 10_000;

export interface BusParts extends BusLogParts {
  readonly streams: EventStreams;
  readonly entities: Entities;
  readonly requests: Requests;
  readonly actors: RemoteActors;
  readonly publisher: Publisher;
  readonly gate: PublishGate;
  readonly types: EventRegistry;
  readonly rules: RoutingRules;
  readonly errors: Subject<unknown>;
  readonly clock: Clock;
  readonly heartbeatMs: number;
  readonly logger: Logger;
}

/** Puts the parts of a bus behind its public functions. */
export function assembleBus(parts: BusParts): Bus {
  const { host, streams, entities, requests, publisher, gate, types, deadLetters, rules, errors } = parts;
  const { actors, clock } = parts;
  const stats = (): BusStats => ({
    time: clock.now(),
    state: gate.state,
    published: publisher.published,
    failedPublishes: publisher.failed,
    discarded: gate.discarded,
    duplicates: gate.duplicates,
    deadLetters: deadLetters.size,
    subscribers: host.stats(),
    entities: entities.stats(),
    streams: streams.stats(),
  });
  // Who answers may publish: the events come last.
  const idle = (): Promise<void> => requests.idle()?.then(() => host.idle()) ?? host.idle();
  const heartbeat = startHeartbeat(parts);
  const close = closer(parts, heartbeat, idle);

  return {
    ...busLogCalls(parts),
    publish: (subject: unknown, data?: unknown, fields?: EventFields) =>
      publisher.publish(subject, data, fields),
    tryPublish: (subject: unknown, data?: unknown, fields?: EventFields) =>
      publisher.tryPublish(subject, data, fields),
    publishSync: (subject: unknown, data?: unknown, fields?: EventFields) =>
      publisher.publishSync(subject, data, fields),
    emit: (subject: unknown, data?: unknown, fields?: EventFields) => publisher.emit(subject, data, fields),
    publishAndWait: (subject: unknown, data?: unknown, fields?: EventFields) =>
      publisher.publishAndWait(subject, data, fields),
    publishBatch: (events) => publisher.publishBatch(events),
    // The handler's event type follows from the subject; past this point all events are alike.
    subscribe: (subject, handler, options = {}) =>
      host.subscribe(subject, handler as Handler, options as SubscriberOptions),
    // What it emits follows from the subject and from `ack`.
    stream: ((subject: Subscribable | readonly Subscribable[], options?: StreamOptions) =>
      streams.stream(subject, options ?? {})) as StreamCall,
    subscription: (name) => host.get(name),
    host: (definition, options) => entities.host(definition, options),
    // What it shows follows from the definition.
    entity: ((definition: EntityDefinition, key: string) =>
      entities.entity(definition, key)) as Bus['entity'],
    ...requests.calls,
    ...actors.calls,
    discoverHandlers: (folder) => discover(parts, folder),
    addRoutingRule: (rule) => rules.add(rule),
    handlerCount: (type) => host.count(type),
    eventTypes: () => [...new Set([...types.types(), ...host.types()])].toSorted(),
    enable: () => gate.enable(true),
    disable: () => gate.enable(false),
    deadLetters,
    errors$: errors.asObservable(),
    stats,
    stats$: statsEvery(parts.heartbeatMs, clock, stats),
    idle,
    close,
    [Symbol.asyncDispose]: async () => {
      await close();
    },
  };
}

/** Looks at the queues once a heartbeat, in the background. */
function startHeartbeat({ host, clock, heartbeatMs, logger, publisher }: BusParts): { stop(): void } {
  const watch = new QueueWatch({
    logger,
    announce: (type, data) => publisher.announce(`breakwater.${type}`, data),
  });
  let timer: TimerHandle;
  const beat = (): void => {
    watch.look(host.queues());
    timer = clock.setTimeout(beat, heartbeatMs, true);
  };
  timer = clock.setTimeout(beat, heartbeatMs, true);
  return { stop: () => clock.clearTimeout(timer) };
}

function statsEvery(periodMs: number, clock: Clock, stats: () => BusStats): Observable<BusStats> {
  return new Observable<BusStats>((observer) => {
    let timer: TimerHandle;
    const tick = (): void => {
      observer.next(stats());
      timer = clock.setTimeout(tick, periodMs, true);
    };
    timer = clock.setTimeout(tick, periodMs, true);
    return () => clock.clearTimeout(timer);
  }).pipe(share());
}

async function discover({ host, clock, logger }: BusParts, folder: string | URL): Promise<DiscoveryReport> {
  const report = await findHandlers(folder, { clock, importTimeoutMs });
  const faults = [...report.faults];
  const found = report.found.filter(({ name, file, definition }) => {
    try {
      const options = (definition.options ?? {}) as SubscriberOptions;
      host.subscribe(definition.event, definition.handle, { name, ...options });
      return true;
    } catch (cause) {
      faults.push({
        file,
        fault: 'subscribe-failed',
        message: describeError(cause),
        cause,
      });
      return false;
    }
  });
  for (const { file, fault, message } of faults)
    logger.warn({ file, fault }, `no handler from ${file}: ${message}`);
  return { found, faults, skipped: report.skipped };
}

function closer(
  {
    host,
    entities,
    requests,
    deadLetters,
    gate,
    transport,
    clock,
    errors,
    replays,
    registry,
    healthWatch,
  }: BusParts,
  heartbeat: { stop(): void },
  idle: () => Promise<void>,
): (options?: { readonly deadlineMs?: number }) => Promise<CloseReport> {
  let closing: Promise<CloseReport> | undefined;

  async function closeNow(deadlineMs: number): Promise<CloseReport> {
    gate.close('draining');
    transport.detach?.();
    requests.detach();
    let timer: TimerHandle;
    const deadline = new Promise<void>((resolve) => {
      timer = clock.setTimeout(resolve, deadlineMs);
    });
    await Promise.race([idle(), deadline]);
    clock.clearTimeout(timer);
    gate.close('closed');
    replays.close();
    healthWatch.close();
    // Before the subscribers are gone, with what they counted.
    registry.close();
    requests.close();
    const undelivered = host.close();
    heartbeat.stop();
    try {
      await entities.close();
      // Places are written last: an event is let go of only when its dead letter is kept.
      await deadLetters.written();
      await transport.close();
    } finally {
      errors.complete();
    }
    return { undelivered };
  }

  return ({ deadlineMs = 30_000 } = {}) => {
    checkNumber('deadlineMs', deadlineMs, 0);
    closing ??= closeNow(deadlineMs);
    return closing;
  };
}
