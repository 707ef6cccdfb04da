import type { Observable } from 'rxjs';
import type { EntityDefinition } from '../actors/define-entity.ts';
import type { Handler, PublishReceipt } from '../actors/handler.ts';
import type { EventDefinition } from '../streams/event/define-event.ts';
import type { Delivery } from '../streams/event/delivery.ts';
import type { EventEnvelope } from '../streams/event/envelope.ts';
import type { Publishable, PublishCall } from '../streams/event/publish.ts';
import type { BusLog, BusRegistry } from './bus-log.ts';
import type { BusStats } from './bus-stats.ts';
import type { DeadLetters } from './dead-letters/dead-letter.ts';
import type { EntityHost } from './entities/entity-host.ts';
import type { EntityHostOptions } from './entities/entity-options.ts';
import type { EntityRef } from './entities/entity-ref.ts';
import type { DiscoveryReport } from './discover-handlers.ts';
import type { SubscriberOptions } from './options.ts';
import type { PublishReport, PublishResult } from './publishing/publisher.ts';
import type { BusActors } from './remote/remote-actors.ts';
import type { BusRequests } from './requests/request-options.ts';
import type { RoutingRule } from './routing-rules.ts';
import type { StreamOptions } from './stream-options.ts';
import type { Subscribable } from './subscriptions/subscribable.ts';
import type { Subscription } from './subscriptions/subscription.ts';

/** The event that a subscription's handler gets. */
export type EventFor<Subject> =
  Subject extends EventDefinition<infer Type, infer _Input, infer Data>
    ? EventEnvelope<Data, Type>
    : EventEnvelope;

/** The ways to take events as a stream: acknowledged when `next` has returned, or by hand. */
export interface StreamCall {
  <const Subject extends Subscribable>(
    subject: Subject | readonly Subject[],
    options: StreamOptions<EventFor<Subject>> & { readonly ack: 'manual' },
  ): Observable<Delivery<EventFor<Subject>>>;
  <const Subject extends Subscribable>(
    subject: Subject | readonly Subject[],
    options?: StreamOptions<EventFor<Subject>> & { readonly ack?: 'auto' },
  ): Observable<EventFor<Subject>>;
}

/** What `close` did. */
export interface CloseReport {
  /**
   * Events that were not handled before the deadline. They are in the dead letters, or come again to the next
   * subscriber of a name whose place is kept.
   */
  readonly undelivered: number;
}

/** An event bus. Made by `createBus`. All functions may be taken off it and called alone. */
export interface Bus extends BusLog, BusRegistry, BusRequests, BusActors, AsyncDisposable {
  /**
   * Publishes one event: a definition and its data, a draft, an envelope, or a type and its data.
   *
   * Resolves when every matching subscriber has it, which with `overflow: 'block'` may mean to wait for
   * room. Rejects with a typed error when it is not valid, was refused, or the bus is closed.
   */
  readonly publish: PublishCall<Promise<PublishReceipt>>;
  /** As `publish`, but never throws: for code that must not fail because of its events. */
  readonly tryPublish: PublishCall<Promise<PublishResult>>;
  /** As `publish`, at once: throws instead of waiting. For callers that cannot await. */
  readonly publishSync: PublishCall<PublishReceipt>;
  /** Fire and forget: returns at once, never throws. What goes wrong is on `errors$`, in the stats and the log. */
  readonly emit: PublishCall<void>;
  /** As `publish`, resolved when every subscriber that got the event is done with it; says what each did. */
  readonly publishAndWait: PublishCall<Promise<PublishReport>>;
  /** All or nothing: one event that is refused refuses all, and each subscriber gets all of them or none. */
  publishBatch(this: void, events: readonly Publishable[]): Promise<PublishReceipt[]>;

  /** Starts a subscriber: an actor with a mailbox, a breaker and this handler. */
  subscribe<const Subject extends Subscribable>(
    this: void,
    subject: Subject | readonly Subject[],
    handler: Handler<EventFor<Subject>>,
    options?: SubscriberOptions<EventFor<Subject>>,
  ): Subscription;
  /**
   * Emits the events as an observable, with backpressure: at most `prefetch` are out and not acknowledged,
   * the others wait in a mailbox. Each subscription of it is one of the bus, from then until it is left; no
   * breaker, retry or middleware stands between. It completes when the bus closes.
   */
  readonly stream: StreamCall;
  /** The subscriber of that name. */
  subscription(this: void, name: string): Subscription | undefined;
  /**
   * Runs the entities of a kind, each event of a key once and in the order of the log: with state, emitted events
   * and timers kept in one commit. Where the transport keeps no events, they live in memory, as long as the bus. On
   * `jetStream`, all processes that host a kind share its keys, and take over those of one that leaves or dies.
   */
  host<View>(this: void, definition: EntityDefinition<View>, options?: EntityHostOptions): EntityHost;
  /**
   * One entity, by its key: to send it events, ask it, or watch it. Its kind must be hosted here; on `jetStream`, in any
   * process.
   */
  entity<View>(this: void, definition: EntityDefinition<View>, key: string): EntityRef<View>;
  /** Subscribes every handler that a folder's modules define; says what it found and what was wrong. */
  discoverHandlers(this: void, folder: string | URL): Promise<DiscoveryReport>;
  /** Adds a routing rule; gives the function that takes it away. */
  addRoutingRule(this: void, rule: RoutingRule): () => void;

  /** How many subscribers there are, in all or for one event type. */
  handlerCount(this: void, type?: string): number;
  /** All event types that are defined here or subscribed to by name, sorted. */
  eventTypes(this: void): string[];
  /** Publishes go through again. */
  enable(this: void): void;
  /** Publishes succeed and go nowhere, counted as discarded. */
  disable(this: void): void;

  /** Events that were given up. */
  readonly deadLetters: DeadLetters;
  /** Emits each error of a publish, also of those that nobody awaits. */
  readonly errors$: Observable<unknown>;
  /** The figures, computed now. */
  stats(this: void): BusStats;
  /** The figures at each heartbeat. */
  readonly stats$: Observable<BusStats>;
  /** Resolves when no event waits or runs. Subscribers that are paused, failed or isolated are not waited for. */
  idle(this: void): Promise<void>;
  /**
   * Takes no more events from outside, handles those that wait, in a log too, then closes. What is not handled
   * within `deadlineMs` (default 30 000) goes to the dead letters, or stays in the log for a subscriber whose place
   * is kept. Idempotent.
   */
  close(this: void, options?: { readonly deadlineMs?: number }): Promise<CloseReport>;
}
