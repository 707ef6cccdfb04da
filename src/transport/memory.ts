import type { Clock } from '../../streams/event/clock.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { ClosedError } from '../../streams/event/errors.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import type { Settlement } from '../../streams/event/outcome.ts';
import { PatternIndex } from '../../streams/event/pattern-index.ts';
import { WaitGraph } from '../wait-graph.ts';
import { laneOf } from '../../streams/event/priority.ts';
import { MemorySubscription } from './memory-subscription.ts';
import { PendingPublish } from './pending-publish.ts';
import type {
  OnSettled,
  Published,
  PublishOrigin,
  Transport,
  TransportFactory,
  TransportPublishOptions,
  TransportSubscribeOptions,
  TransportSubscription,
} from './transport.ts';
import { Turn } from './turn.ts';

/** Results are alike but for the count; the small ones are made once. */
const results: readonly Published[] = Array.from({ length: 16 }, (_, matched) =>
  Object.freeze({ level: 'accepted', matched }),
);
const noOptions: TransportPublishOptions = {};

/** Settlements that a publisher still waits for, of one event. */
interface Tracker {
  readonly onSettled: OnSettled;
  left: number;
}

/** One publish on its way to the mailboxes. */
interface Run {
  readonly options: TransportPublishOptions;
  /** Subscriptions that cannot take all of a batch. */
  readonly refusing: ReadonlySet<MemorySubscription> | undefined;
  /** A single event that may not wait. */
  readonly mustFit: boolean;
  /** Made when a mailbox did not take an event at once. */
  pending?: PendingPublish;
}

/**
 * Carries events within the process: routed by a pattern index, kept in each subscription's mailbox.
 *
 * A publish resolves at level `accepted`: every matching mailbox has the event. Nothing survives the
 * process. Costs one index look-up an event and one mailbox entry for each subscription that matches.
 */
export function memoryTransport(): TransportFactory {
  return ({ clock }) => new MemoryTransport(clock);
}

class MemoryTransport implements Transport {
  readonly name = 'memory';
  readonly features = {
    level: 'accepted',
    durable: false,
    ordered: true,
    shared: false,
    settlements: true,
  } as const;
  readonly #clock: Clock;
  readonly #turn: Turn;
  readonly #index = new PatternIndex<MemorySubscription>();
  readonly #byName = new Map<string, MemorySubscription>();
  readonly #trackers = new Map<EventEnvelope, Tracker>();
  readonly #graph = new WaitGraph<MemorySubscription>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#turn = new Turn(clock);
  }

  publish(
    events: readonly EventEnvelope[],
    options: TransportPublishOptions = noOptions,
  ): Published | Promise<Published> {
    if (this.#closed) throw new ClosedError('the memory transport is closed; nothing was published');
    const refusing = events.length > 1 ? this.#withoutRoom(events, options) : undefined;
    const run: Run = { options, refusing, mustFit: options.noWait === true && events.length === 1 };
    const each: number[] | undefined = events.length > 1 ? [] : undefined;
    let matched = 0;
    for (const event of events) {
      const targets = options.to === undefined ? this.#index.match(event.type) : this.#only(options.to);
      matched += targets.length;
      each?.push(targets.length);
      if (options.onSettled !== undefined) this.#track(event, targets.length, options.onSettled);
      for (const target of targets) this.#give(event, target, run);
    }
    const published = each === undefined ? reached(matched) : { ...reached(matched), matchedEach: each };
    return run.pending === undefined ? published : run.pending.finish(published, options.signal);
  }

  #give(event: EventEnvelope, target: MemorySubscription, run: Run): void {
    const { options, refusing } = run;
    // What is given back to a subscriber was accepted before; asking again would find a duplicate.
    const wanted = options.to === undefined && target.accepts !== undefined ? target.accepts(event) : true;
    if (wanted !== true) {
      this.#settled(event, target, wanted === false ? 'filtered' : wanted);
      return;
    }
    if (refusing?.has(target) === true || (run.mustFit && !target.takes(1, false))) {
      this.#refuse(event, target, run);
      return;
    }
    if (options.origin !== undefined && target.wouldBlock) {
      run.pending ??= new PendingPublish();
      if (!this.#mayWait(options.origin, target, run.pending)) {
        target.onRefused?.(event);
        return;
      }
    }
    const result = target.offer(event);
    if (result === 'rejected') this.#refuse(event, target, run);
    else if (result === 'blocked') {
      run.pending ??= new PendingPublish();
      target.mailbox.whenAdmitted(laneOf(event.priority), 1, run.pending.wait());
    }
  }

  #refuse(event: EventEnvelope, target: MemorySubscription, run: Run): void {
    run.pending ??= new PendingPublish();
    run.pending.refuse(target);
    target.onRefused?.(event);
    this.#settled(event, target, 'dropped', 'refused');
  }

  subscribe(
    patterns: readonly (string | GlobPattern)[],
    options: TransportSubscribeOptions,
  ): TransportSubscription {
    if (this.#closed) throw new ClosedError('the memory transport is closed; nothing was subscribed');
    if (this.#byName.has(options.name)) {
      throw new TypeError(`a subscription named ${options.name} exists already; names are unique`);
    }
    return new MemorySubscription(options, {
      clock: this.#clock,
      turn: this.#turn,
      onSettled: this.#settled,
      join: (subscription) => {
        this.#byName.set(subscription.name, subscription);
        const removes = patterns.map((pattern) => this.#index.add(pattern, subscription));
        return () => {
          for (const remove of removes) remove();
          this.#byName.delete(subscription.name);
        };
      },
    });
  }

  hears(type: string): boolean {
    return this.#index.match(type).length > 0;
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #only(name: string): readonly MemorySubscription[] {
    const target = this.#byName.get(name);
    return target === undefined ? [] : [target];
  }

  /** A batch is all or nothing for each subscription: those that cannot take all of it get none of it. */
  #withoutRoom(
    events: readonly EventEnvelope[],
    options: TransportPublishOptions,
  ): ReadonlySet<MemorySubscription> | undefined {
    if (events.every((event) => this.#allTake(event.type, events.length))) return undefined;
    const counts = new Map<MemorySubscription, number>();
    for (const event of events) {
      for (const target of this.#index.match(event.type)) counts.set(target, (counts.get(target) ?? 0) + 1);
    }
    const refusing = new Set<MemorySubscription>();
    for (const [target, count] of counts) {
      if (!target.takes(count, options.noWait !== true)) refusing.add(target);
    }
    return refusing;
  }

  #allTake(type: string, count: number): boolean {
    for (const target of this.#index.match(type)) if (!target.takes(count, false)) return false;
    return true;
  }

  /** Whether a handler may wait for `target`: noted in the graph until the publish is through. */
  #mayWait(origin: PublishOrigin, target: MemorySubscription, pending: PendingPublish): boolean {
    const owner = this.#byName.get(origin.subscriber);
    if (owner === undefined) return true;
    if (!this.#graph.enter(owner, origin, [target])) {
      pending.deadlock(target);
      return false;
    }
    pending.finally(() => this.#graph.leave(owner, origin, target));
    return true;
  }

  #track(event: EventEnvelope, left: number, onSettled: OnSettled): void {
    if (left > 0) this.#trackers.set(event, { onSettled, left });
  }

  readonly #settled = (
    event: EventEnvelope,
    subscription: MemorySubscription,
    settlement: Settlement,
    detail?: unknown,
  ): void => {
    if (this.#trackers.size === 0) return;
    const tracker = this.#trackers.get(event);
    if (tracker === undefined) return;
    tracker.left -= 1;
    if (tracker.left === 0) this.#trackers.delete(event);
    tracker.onSettled(event, subscription.name, settlement, detail);
  };
}

function reached(matched: number): Published {
  return results[matched] ?? { level: 'accepted', matched };
}
