import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { Settlement } from '../../streams/event/outcome.ts';
import type { OnSettled } from './transport.ts';

/** One event whose publisher waits for its subscribers. */
class Tracker {
  readonly onSettled: OnSettled;
  /** How many subscriptions it reached; unknown until it is routed. */
  left: number | undefined;
  position = 0;

  constructor(onSettled: OnSettled) {
    this.onSettled = onSettled;
  }
}

/**
 * Tells publishers what became of their events, at each subscription that they reached.
 *
 * Events that were read from the log again are other objects: they are known by their position, and those that have
 * none yet by what they are.
 */
export class SettlementTrackers {
  readonly #byEvent = new Map<EventEnvelope, Tracker>();
  readonly #byPosition = new Map<number, Tracker>();
  /** For the publisher, who asks when its publish is done. */
  readonly #reached = new WeakMap<EventEnvelope, number>();

  add(event: EventEnvelope, onSettled: OnSettled): void {
    this.#byEvent.set(event, new Tracker(onSettled));
  }

  /** It was not published after all. */
  forget(event: EventEnvelope): void {
    this.#byEvent.delete(event);
  }

  /** An event reached so many subscriptions, before any of them settles it. */
  routed(event: EventEnvelope, reached: number): void {
    if (this.#byEvent.size === 0) return;
    const tracker = this.#byEvent.get(event);
    if (tracker === undefined) return;
    this.#reached.set(event, reached);
    if (reached === 0) this.#byEvent.delete(event);
    else tracker.left = reached;
  }

  /** How many subscriptions an event reached that was added here, once it is routed. */
  reached(event: EventEnvelope): number | undefined {
    return this.#reached.get(event);
  }

  /** An event has its position. */
  placed(event: EventEnvelope, position: number): void {
    if (this.#byEvent.size === 0) return;
    const tracker = this.#byEvent.get(event);
    if (tracker === undefined) return;
    this.#byEvent.delete(event);
    this.#byPosition.set(position, tracker);
  }

  settled(
    event: EventEnvelope,
    position: number | undefined,
    subscriber: string,
    settlement: Settlement,
    detail?: unknown,
  ): void {
    if (this.#byEvent.size === 0 && this.#byPosition.size === 0) return;
    const tracker =
      (position === undefined ? undefined : this.#byPosition.get(position)) ?? this.#byEvent.get(event);
    if (tracker?.left === undefined) return;
    tracker.left -= 1;
    if (tracker.left === 0) {
      this.#byEvent.delete(event);
      if (position !== undefined) this.#byPosition.delete(position);
    }
    tracker.onSettled(event, subscriber, settlement, detail);
  }
}
