import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import type { Settlement } from '../../streams/event/outcome.ts';
import { PatternIndex } from '../../streams/event/pattern-index.ts';
import type { DurableDelivery } from './durable-delivery.ts';
import type { DurableSubscription } from './durable-subscription.ts';
import { SettlementTrackers } from './settlement-trackers.ts';
import type { Published, TransportPublishOptions } from './transport.ts';

/** Brings events to the subscriptions that match them, and what became of them back to who waits for that. */
export class DurableRouter {
  /** Subscriptions by name. */
  readonly byName = new Map<string, DurableSubscription>();
  readonly trackers = new SettlementTrackers();
  readonly #index = new PatternIndex<DurableSubscription>();
  /** Of events that are held in memory: how each subscription took them. */
  readonly #given = new Map<EventEnvelope, Map<DurableSubscription, DurableDelivery>>();

  /** Adds a subscription; gives the function that takes it away. */
  add(subscription: DurableSubscription, patterns: readonly (string | GlobPattern)[]): () => void {
    this.byName.set(subscription.name, subscription);
    const removes = patterns.map((pattern) => this.#index.add(pattern, subscription));
    return () => {
      for (const remove of removes) remove();
      this.byName.delete(subscription.name);
    };
  }

  /** Whether a subscription is for events of a type. */
  wants(subscription: DurableSubscription, type: string): boolean {
    return this.#index.match(type).includes(subscription);
  }

  /** How many subscriptions an event that was appended reached. */
  readonly reached = (event: EventEnvelope): number => this.#index.match(event.type).length;

  /** The same for one whose settlements are waited for: as many as will settle it. */
  readonly awaited = (event: EventEnvelope): number => this.trackers.reached(event) ?? this.reached(event);

  /** An event stands in the log. */
  hear(event: EventEnvelope, position: number): void {
    const targets = this.#index.match(event.type);
    const given = this.#given.size === 0 ? undefined : this.#given.get(event);
    if (given === undefined) this.trackers.routed(event, targets.length);
    else this.#given.delete(event);
    this.trackers.placed(event, position);
    for (const target of targets) {
      const delivery = given?.get(target);
      if (delivery === undefined) target.hear(event, position);
      else target.placed(delivery, position);
    }
  }

  /** An event is held in memory, to be in the log later. Says how many subscriptions match it. */
  readonly hold = (event: EventEnvelope): number => {
    const targets = this.#index.match(event.type);
    this.trackers.routed(event, targets.length);
    const given = new Map<DurableSubscription, DurableDelivery>();
    this.#given.set(event, given);
    for (const target of targets) {
      const delivery = target.hearHeld(event);
      if (delivery !== undefined) given.set(target, delivery);
    }
    return targets.length;
  };

  /** Gives events to subscriptions past the log: the bus's own, and those that are given back to one. */
  tell(events: readonly EventEnvelope[], { to, onSettled }: TransportPublishOptions): Published {
    let matched = 0;
    for (const event of events) {
      const targets = to === undefined ? this.#index.match(event.type) : this.#only(to);
      if (onSettled !== undefined) {
        this.trackers.add(event, onSettled);
        this.trackers.routed(event, targets.length);
      }
      for (const target of targets) {
        if (target.tell(event, to !== undefined) === 'taken') matched += 1;
        else this.trackers.settled(event, undefined, target.name, 'dropped', 'refused');
      }
    }
    return { level: 'accepted', matched };
  }

  readonly settled = (
    delivery: DurableDelivery,
    subscriber: string,
    settlement: Settlement,
    detail?: unknown,
  ): void => {
    this.trackers.settled(delivery.event, delivery.position, subscriber, settlement, detail);
  };

  #only(name: string): readonly DurableSubscription[] {
    const target = this.byName.get(name);
    return target === undefined ? [] : [target];
  }
}
