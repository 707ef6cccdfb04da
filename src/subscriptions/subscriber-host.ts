import { describeError } from '../../streams/event/describe-error.ts';
import { createSupervisor, type Supervisor, type SupervisorOptions } from '../../actors/create-supervisor.ts';
import type { Handler } from '../../actors/handler.ts';
import { ClosedError } from '../../streams/event/errors.ts';
import { PatternIndex } from '../../streams/event/pattern-index.ts';
import type { EventRegistry } from '../../streams/event/event-registry.ts';
import type { Subscribable } from './subscribable.ts';
import { checkOptions, givenOptions } from '../../streams/event/check-options.ts';
import { subscriberOptionNames } from '../option-names.ts';
import type { SubscriberOptions } from '../options.ts';
import { Quiet } from '../quiet.ts';
import { resolveSubscriber } from './resolve-subscriber.ts';
import { subscribedPatterns } from './subscribed-patterns.ts';
import { shareBreaker } from './share-breaker.ts';
import { checkSubscriberName } from './subscriber-name.ts';
import { Subscriber } from './subscriber.ts';
import type { SubscriberPorts } from './subscriber-ports.ts';
import type { QueueStats, SubscriberStats } from './subscriber-stats.ts';
import type { Subscription } from './subscription.ts';
import { filterAsData, type Joining, type SubscriptionRegistry } from './subscription-registry.ts';
import { statsOf, subscriptionHandle } from './subscription-handle.ts';
import { watchBreaker } from './watch-breaker.ts';

export interface HostOptions {
  readonly defaults: SubscriberOptions;
  readonly maxSubscribers: number;
  readonly supervisor: SupervisorOptions;
  readonly wrap: (handler: Handler) => Handler;
}

export interface HostPorts extends Omit<SubscriberPorts, 'onCrash' | 'onSettled'> {
  readonly registry: EventRegistry;
  /** The streams of the same bus: idle means them too, and they end with it. */
  readonly streams: { readonly quiet: boolean; close(): number };
  readonly subscriptions: SubscriptionRegistry;
  /** Publishes one of the bus's own events. */
  readonly announce: (type: string, data: object) => void;
}

interface Hosted {
  readonly subscriber: Subscriber;
  readonly handle: Subscription;
  readonly leave: () => void;
  /** Set once it stops: all who ask wait for the same. */
  stopping: Promise<void> | undefined;
}

/** Keeps the subscribers of a bus: starts, watches, restarts, stops them. */
export class SubscriberHost {
  readonly #options: HostOptions;
  readonly #ports: HostPorts;
  readonly #hosted = new Map<string, Hosted>();
  readonly #index = new PatternIndex<string>();
  readonly #quiet = new Quiet();
  readonly #supervisor: Supervisor;
  #names = 0;
  #closed = false;

  constructor(options: HostOptions, ports: HostPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#supervisor = createSupervisor(
      { ...options.supervisor, onGiveUp: ({ id, error }) => this.#givenUp(id, error) },
      ports,
    );
  }

  subscribe(
    subject: Subscribable | readonly Subscribable[],
    handler: Handler,
    options: SubscriberOptions,
  ): Subscription {
    if (this.#closed) throw new ClosedError('the bus is closed; nothing was subscribed');
    checkOptions('subscribe', options, subscriberOptionNames);
    const { maxSubscribers } = this.#options;
    if (this.#hosted.size >= maxSubscribers) {
      throw new RangeError(
        `the bus has ${maxSubscribers} subscribers, as many as it may; unsubscribe some, or raise maxSubscribers`,
      );
    }
    const patterns = subscribedPatterns('subscribe', subject, this.#ports.registry);
    const name = this.#nameFor(options.name, handler);
    const { clock, random, rules, transport } = this.#ports;
    const chosen = { ...this.#options.defaults, ...givenOptions(options) };
    const config = resolveSubscriber(name, patterns, handler, chosen, {
      clock,
      random,
      rules,
      transport,
      wrap: this.#options.wrap,
    });
    const subscriber = new Subscriber(config, {
      ...this.#ports,
      // Not at once: a stream may fail while it is subscribed to, before there is a subscriber to watch.
      onCrash: (error) => clock.defer(() => this.#crashed(subscriber, error)),
      onSettled: this.settled,
    });
    const handle = subscriptionHandle(subscriber, {
      drain: () => this.#stop(name, true),
      unsubscribe: () => this.#stop(name, false),
      paused: (paused) => this.#ports.subscriptions.paused(name, paused),
    });
    const removes = patterns.map((pattern) => this.#index.add(pattern, name));
    const watching = watchBreaker(subscriber, this.#ports);
    shareBreaker(subscriber, this.#ports);
    const leave = (): void => {
      for (const remove of removes) remove();
      watching.unsubscribe();
      this.#ports.subscriptions.leave(name);
    };
    this.#hosted.set(name, { subscriber, handle, leave, stopping: undefined });
    this.#supervisor.watch(name, {
      restart: () => this.#restart(subscriber),
      giveUp: () => subscriber.actor.send({ type: 'giveUp' }),
    });
    this.#register(subscriber, handle.patterns, chosen);
    this.#ports.logger.info({ subscriber: name }, `${name} handles ${handle.patterns.join(', ')}`);
    return handle;
  }

  /** The handler of a subscriber, middleware around it. */
  handlerOf(name: string): Handler | undefined {
    return this.#hosted.get(name)?.subscriber.config.handler;
  }

  get(name: string): Subscription | undefined {
    return this.#hosted.get(name)?.handle;
  }

  /** How many subscribers there are, in all or for one event type. */
  count(type?: string): number {
    return type === undefined ? this.#hosted.size : this.#index.match(type).length;
  }

  /** The types that are subscribed to by name. */
  types(): string[] {
    const patterns = [...this.#hosted.values()].flatMap(({ handle }) => handle.patterns);
    return patterns.filter((pattern) => !/[*>]/.test(pattern));
  }

  /** The mailboxes, by subscriber. */
  queues(): { readonly name: string; readonly queue: QueueStats }[] {
    return [...this.#hosted].map(([name, { subscriber }]) => ({
      name,
      queue: subscriber.counters.queueStats(subscriber.mailbox),
    }));
  }

  stats(): SubscriberStats[] {
    return [...this.#hosted.values()].map(({ subscriber }) => statsOf(subscriber));
  }

  /** Resolves when no event waits or runs, apart from subscribers that cannot move. */
  idle(): Promise<void> {
    const waiting = this.#quiet.wait();
    // Events that are on their way to a mailbox get there first.
    this.#ports.clock.defer(this.settled);
    return waiting;
  }

  /** Stops all; what is not handled goes to the dead letters. Says how many events that were. */
  close(): number {
    this.#closed = true;
    this.#supervisor.close();
    let undelivered = this.#ports.streams.close();
    for (const [name, { subscriber, leave }] of this.#hosted) {
      leave();
      const before = subscriber.counters.deadLettered + subscriber.counters.dropped;
      if (subscriber.keeps) undelivered += subscriber.held;
      // Stopped first, so that nothing starts in the places that are given up; running events came first.
      subscriber.actor.send({ type: 'stop' });
      subscriber.abandon();
      subscriber.disconnect(true);
      if (!subscriber.keeps) {
        undelivered += subscriber.counters.deadLettered + subscriber.counters.dropped - before;
      }
      subscriber.outcomes.complete();
      this.#hosted.delete(name);
    }
    this.#quiet.reached();
    return undelivered;
  }

  /** Something has settled: who waits for quiet is told if that was the last. */
  readonly settled = (): void => {
    const { streams, transport } = this.#ports;
    if (!this.#quiet.waiting || transport.busy === true || !streams.quiet) return;
    for (const { subscriber } of this.#hosted.values()) if (canMove(subscriber) && !subscriber.quiet) return;
    this.#quiet.reached();
  };

  #register(
    { config, counters, actor }: Subscriber,
    patterns: readonly string[],
    { filter, minPriority = 'low' }: SubscriberOptions,
  ): void {
    const { name, durable } = config;
    const counts = (): ReturnType<Joining['counts']> => {
      const { calls: deliveries, failed: errors, lastDeliveredAt } = counters;
      return { deliveries, errors, lastDeliveredAt };
    };
    const joining = {
      name,
      patterns,
      filter: filterAsData(filter),
      minPriority,
      durable,
    };
    this.#ports.subscriptions.join(
      { ...joining, counts },
      { pause: () => actor.send({ type: 'pause' }), resume: () => actor.send({ type: 'resume' }) },
    );
  }

  #stop(name: string, drain: boolean): Promise<void> {
    const hosted = this.#hosted.get(name);
    if (hosted === undefined) return Promise.resolve();
    hosted.stopping ??= this.#stopNow(name, hosted, drain);
    return hosted.stopping;
  }

  async #stopNow(name: string, { subscriber, leave }: Hosted, drain: boolean): Promise<void> {
    leave();
    this.#supervisor.forget(name);
    if (drain) {
      subscriber.actor.send({ type: 'drain' });
      subscriber.detach();
      await subscriber.whenQuiet();
    }
    subscriber.disconnect(false);
    await subscriber.whenQuiet();
    subscriber.actor.send({ type: 'stop' });
    subscriber.outcomes.complete();
    this.#hosted.delete(name);
    this.settled();
  }

  #crashed(subscriber: Subscriber, error: unknown): void {
    const { name } = subscriber.config;
    const why = describeError(error);
    this.#ports.logger.error({ subscriber: name, error }, `${name} has failed: ${why}`);
    subscriber.actor.send({ type: 'crash', error });
    this.#supervisor.crashed(name, error);
  }

  #restart(subscriber: Subscriber): void {
    subscriber.actor.send({ type: 'restart' });
    subscriber.reconnect();
    const { name } = subscriber.config;
    this.#ports.announce('subscriber.restarted', {
      subscriber: name,
      restarts: subscriber.counters.restarts,
    });
  }

  #givenUp(name: string, error: unknown): void {
    const why = describeError(error);
    this.#ports.logger.error(
      { subscriber: name, error },
      `${name} failed too often and was given up: ${why}`,
    );
    this.#ports.announce('subscriber.failed', { subscriber: name, error: why });
    this.settled();
  }

  #nameFor(name: string | undefined, handler: unknown): string {
    if (name !== undefined) {
      checkSubscriberName(name);
      const taken = this.#hosted.get(name);
      if (taken === undefined) return name;
      const remedy = taken.stopping === undefined ? 'names are unique' : 'wait for its unsubscribe or drain';
      throw new TypeError(`a subscriber named ${name} exists already; ${remedy}`);
    }
    this.#names += 1;
    const stem = typeof handler === 'function' ? handler.name.replaceAll(/[^\w-]/g, '').slice(0, 64) : '';
    return `${stem === '' ? 'handler' : stem}-${this.#names}`;
  }
}

/** A subscriber that is paused, failed or isolated leaves its events where they are. */
function canMove(subscriber: Subscriber): boolean {
  const { flow, breaker } = subscriber.actor.snapshot;
  return (flow === 'running' || flow === 'draining') && breaker !== 'isolated';
}
