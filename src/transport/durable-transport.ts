import type { Clock } from '../../streams/event/clock.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { ClosedError, hasCode, StorageError } from '../../streams/event/errors.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import type { Appended, LogBounds } from '../event-log.ts';
import type { Store } from '../store.ts';
import { whenCalled } from '../when-done.ts';
import { AppendsUnderWay } from './appends-under-way.ts';
import { CursorWriter } from './cursor-writer.ts';
import { DurableRouter } from './durable-router.ts';
import { DurableSubscription } from './durable-subscription.ts';
import { HeldEvents } from './held-events.ts';
import { LogStart } from './log-start.ts';
import { lowestNeeded } from './lowest-needed.ts';
import { RecentEvents } from './recent-events.ts';
import { reached, reachedHeld } from './reached.ts';
import type {
  Published,
  Transport,
  TransportHealth,
  TransportPorts,
  TransportPublishOptions,
  TransportSubscribeOptions,
  TransportSubscription,
} from './transport.ts';
import { Turn } from './turn.ts';

/** Its options, complete and checked. */
export interface DurableTransportConfig {
  readonly onStorageFailure: 'fail' | 'memory';
  readonly maxHeldEvents: number;
  readonly retryIntervalMs: number;
  readonly cursorIntervalMs: number;
  readonly recentEvents: number;
}

const noOptions: TransportPublishOptions = {};

/**
 * The transport on a store.
 *
 *     publish ─► append ─► log ─► watch ─► route ─► subscriptions that keep up
 *                  │ failed         └─ read ─► subscriptions that do not
 *                  └─► held in memory, if asked ─► append, later
 *
 * What was appended comes back through the watch, so that events which others commit to the same store reach
 * subscriptions in the same way, and all in the order of the log.
 */
export class DurableTransport implements Transport {
  readonly name = 'durable';
  readonly features;
  readonly store: Store;
  readonly #clock: Clock;
  readonly #ports: TransportPorts;
  readonly #turn: Turn;
  readonly #router = new DurableRouter();
  /** Subscriptions that have ended: what they knew of their place is newer than what is written. */
  readonly #ended = new Map<string, DurableSubscription>();
  readonly #start: LogStart;
  readonly #cursors: CursorWriter;
  readonly #held: HeldEvents | undefined;
  readonly #recent: RecentEvents;
  readonly #unwatch: readonly (() => void)[];
  readonly #appends: AppendsUnderWay;
  #closing: Promise<void> | undefined;

  constructor(store: Store, options: DurableTransportConfig, ports: TransportPorts) {
    const { log } = store;
    const { level, durable } = log.features;
    this.features = { level, durable, ordered: true, shared: false, settlements: true };
    this.store = store;
    this.#ports = ports;
    this.#appends = new AppendsUnderWay(() => ports.onIdle?.());
    this.#clock = ports.clock;
    this.#turn = new Turn(ports.clock);
    this.#cursors = new CursorWriter(store, ports.clock, options.cursorIntervalMs);
    this.#recent = new RecentEvents(options.recentEvents);
    this.#start = new LogStart(store, this.#ended);
    this.#held =
      options.onStorageFailure === 'fail'
        ? undefined
        : new HeldEvents(
            { maxEvents: options.maxHeldEvents, retryMs: options.retryIntervalMs },
            {
              log,
              clock: ports.clock,
              last: () => this.#start.last,
              found: (first, events) => this.#hear(first, events),
              recovered: this.#recovered,
            },
          );
    const onHealth = store.onHealth(({ state, reason }) => {
      const type = state === 'failed' ? 'storage.failed' : 'storage.recovered';
      this.#trouble(type, { store: store.name, ...(reason === undefined ? {} : { reason }) });
    });
    const unprotect = store.protect?.(() => lowestNeeded(store.snapshots, this.#durable()));
    this.#unwatch = [log.watch(this.#hear), onHealth, ...(unprotect === undefined ? [] : [unprotect])];
  }

  get busy(): boolean {
    return this.#appends.any;
  }

  publish(
    events: readonly EventEnvelope[],
    options: TransportPublishOptions = noOptions,
  ): Published | Promise<Published> {
    if (this.#closing !== undefined) {
      throw new ClosedError('the durable transport is closed; nothing was published');
    }
    const { to, onSettled } = options;
    const [first] = events;
    if (first === undefined) return { level: this.features.level, matched: 0 };
    if (to !== undefined || first.type.startsWith('breakwater.')) return this.#router.tell(events, options);
    if (options.noWait === true && this.features.durable) {
      throw new TypeError('publishSync cannot wait for a disk; use publish');
    }
    if (onSettled !== undefined) for (const event of events) this.#router.trackers.add(event, onSettled);
    if (this.#held?.active === true || this.#appends.awaited) return this.#hold(events);
    return this.#append(events, onSettled === undefined ? this.#router.reached : this.#router.awaited);
  }

  subscribe(
    patterns: readonly (string | GlobPattern)[],
    options: TransportSubscribeOptions,
  ): TransportSubscription {
    const { name } = options;
    if (this.#closing !== undefined) {
      throw new ClosedError('the durable transport is closed; nothing was subscribed');
    }
    if (this.#router.byName.has(name)) {
      throw new TypeError(`a subscription named ${name} exists already; names are unique`);
    }
    let leave = (): void => {};
    const subscription: DurableSubscription = new DurableSubscription(patterns, options, {
      clock: this.#clock,
      turn: this.#turn,
      log: this.store.log,
      lift: this.#ports.lift ?? ((event) => event),
      join: () => {
        leave = this.#router.add(subscription, patterns);
      },
      leave: () => {
        leave();
        if (subscription.durable) this.#ended.set(name, subscription);
      },
      open: (opened, failed) => this.#start.find(subscription, opened, failed),
      moved: () => {
        if (this.#router.byName.get(name) === subscription || this.#ended.get(name) === subscription) {
          this.#cursors.add(subscription);
        }
      },
      recent: (from, limit) => {
        const wants = (type: string): boolean => this.#router.wants(subscription, type);
        return this.#recent.read(from, this.#start.last, limit, wants);
      },
      last: () => this.#start.last,
      holding: () => this.#held?.active === true,
      trouble: this.#trouble,
      onSettled: this.#router.settled,
    });
    return subscription;
  }

  async forget(name: string): Promise<void> {
    const ended = this.#ended.get(name);
    this.#ended.delete(name);
    if (ended !== undefined) this.#cursors.drop(ended);
    await this.#cursors.erase(name);
  }

  health(): TransportHealth {
    const { state, reason = 'the store has failed' } = this.store.health();
    const ready = this.#closing === undefined;
    if (this.#held?.active === true) {
      return {
        ready,
        durable: false,
        reason: `not durable, ${this.#held.size} events wait in memory: ${reason}`,
      };
    }
    const { durable } = this.features;
    if (state === 'ok') return { ready, durable };
    // With 'memory' a publish would be taken, though no longer kept.
    return { ready: ready && this.#held !== undefined, durable: false, reason };
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeNow();
    return this.#closing;
  }

  async #closeNow(): Promise<void> {
    try {
      if (this.#appends.awaited) await this.#appends.behind(() => {});
      await this.#held?.close();
      await this.#cursors.flush();
    } finally {
      for (const end of this.#unwatch) end();
      await this.store.close();
    }
  }

  #append(
    events: readonly EventEnvelope[],
    matching: (event: EventEnvelope) => number,
  ): Published | Promise<Published> {
    let appended: Appended | Promise<Appended>;
    try {
      appended = this.store.log.append(events);
    } catch (error) {
      return this.#refused(events, error) ?? this.#hold(events);
    }
    if (!(appended instanceof Promise)) return reached(events, appended, matching);
    this.#appends.begin();
    return appended.then(
      (done) => {
        this.#appends.end();
        return reached(events, done, matching);
      },
      (error: unknown) => {
        try {
          return this.#refused(events, error) ?? this.#holdNow(events);
        } finally {
          this.#appends.end();
        }
      },
    );
  }

  /** The log did not take the events: memory is to take them, or the publish fails. */
  #refused(events: readonly EventEnvelope[], error: unknown): undefined {
    const { log } = this.store;
    if (this.#held !== undefined && hasCode(error, 'ERR_STORAGE')) {
      this.#held.begin(error);
      return undefined;
    }
    for (const event of events) this.#router.trackers.forget(event);
    // What may be in the log all the same is for subscribers, too, once it can be read.
    if (error instanceof StorageError && error.unknown)
      whenCalled(
        () => log.bounds(),
        this.#look,
        () => {},
      );
    throw error;
  }

  /** Lets subscriptions read what the log has and did not tell. */
  readonly #look = ({ last }: LogBounds): void => {
    const from = this.#start.last + 1;
    if (last < from || this.#start.opening) return;
    this.#start.last = last;
    for (const subscription of this.#router.byName.values()) subscription.missed(from);
  };

  #hold(events: readonly EventEnvelope[]): Published | Promise<Published> {
    // What is held reaches subscriptions at once, and must not overtake what was published before it.
    if (!this.#appends.any) return this.#holdNow(events);
    return this.#appends.behind(() =>
      // By then the log may take events again.
      this.#held?.active === true ? this.#holdNow(events) : this.#append(events, this.#router.awaited),
    );
  }

  #holdNow(events: readonly EventEnvelope[]): Published {
    try {
      this.#held?.add(events);
    } catch (error) {
      for (const event of events) this.#router.trackers.forget(event);
      throw error;
    }
    return reachedHeld(events.map(this.#router.hold));
  }

  readonly #recovered = (written: number): void => {
    this.#trouble('storage.written', { store: this.store.name, events: written });
    for (const subscription of this.#router.byName.values()) subscription.poke();
  };

  /** Events were appended, by this transport or by others that share its store. */
  readonly #hear = (first: number, events: readonly EventEnvelope[]): void => {
    if (first > this.#start.last + 1) this.#look({ first: 0, last: first - 1, count: 0 });
    for (let index = 0; index < events.length; index += 1) {
      const event = events[index];
      this.#start.last = first + index;
      if (event === undefined) continue;
      this.#recent.add(event, first + index);
      this.#router.hear(event, first + index);
    }
  };

  /** All that keep their place, of this run. */
  #durable(): Map<string, DurableSubscription> {
    const active = [...this.#router.byName].filter(([, { durable }]) => durable);
    return new Map([...this.#ended, ...active]);
  }

  readonly #trouble = (type: string, data: object): void => this.#ports.announce?.(type, data);
}
