import { Observable, type Subscriber } from 'rxjs';
import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import type { Delivery } from '../../streams/event/delivery.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { Settlement } from '../../streams/event/outcome.ts';
import { laneOf } from '../../streams/event/priority.ts';
import type { Credit } from '../../streams/queue/credit.ts';
import { Mailbox, type OfferResult, type Overflow } from '../../streams/queue/mailbox.ts';
import type { MailboxStatus, TransportSubscribeOptions, TransportSubscription } from './transport.ts';
import type { Turn } from './turn.ts';

/** What a memory subscription needs of its transport. */
export interface MemorySubscriptionPorts {
  readonly clock: Clock;
  readonly turn: Turn;
  /** Joins the router. */
  readonly join: (subscription: MemorySubscription) => () => void;
  /** An event is done with, at this subscription. */
  readonly onSettled: (
    event: EventEnvelope,
    subscription: MemorySubscription,
    settlement: Settlement,
    detail?: unknown,
  ) => void;
}

/**
 * One subscription in memory: a mailbox that gives deliveries while there is credit.
 *
 * Events wait as they are; a delivery exists only from its start to its settlement. Nothing here recurses:
 * a handler that settles within `next` only lets the running loop go on.
 */
export class MemorySubscription implements TransportSubscription {
  readonly name: string;
  readonly mailbox: Mailbox<EventEnvelope>;
  readonly deliveries: Observable<Delivery>;
  readonly accepts: TransportSubscribeOptions['accepts'];
  readonly onRefused: TransportSubscribeOptions['onRefused'];
  readonly #credit: Credit;
  readonly #ports: MemorySubscriptionPorts;
  readonly #keyed: boolean;
  readonly #onDrop: TransportSubscribeOptions['onDrop'];
  /** Which attempt is next, of events that failed before; all others are at their first. */
  readonly #attempts = new Map<EventEnvelope, number>();
  readonly #overflow: Overflow;
  readonly #maxBlocked: number;
  readonly #timers = new Map<EventEnvelope, TimerHandle>();
  #subscriber: Subscriber<Delivery> | undefined;
  #leave: (() => void) | undefined;
  #scheduled = false;
  #pumping = false;

  constructor(options: TransportSubscribeOptions, ports: MemorySubscriptionPorts) {
    this.name = options.name;
    this.accepts = options.accepts;
    this.onRefused = options.onRefused;
    this.#credit = options.credit;
    this.#ports = ports;
    this.#keyed = (options.mailbox.order ?? 'none') !== 'none';
    const { overflow = 'block', maxBlocked = 100_000 } = options.mailbox;
    this.#overflow = overflow;
    this.#maxBlocked = maxBlocked;
    this.#onDrop = options.onDrop;
    this.mailbox = new Mailbox(options.mailbox, (event, _lane, reason) => {
      const settlement = this.#onDrop?.(event, reason) ?? 'dropped';
      ports.onSettled(event, this, settlement, reason);
    });
    this.deliveries = new Observable((subscriber) => this.#start(subscriber));
  }

  /** How many deliveries are out. */
  get running(): number {
    return this.#credit.inFlight;
  }

  /** Whether the publisher of one more event would have to wait. */
  get wouldBlock(): boolean {
    return this.#overflow === 'block' && !this.mailbox.roomFor(1);
  }

  /** Whether `count` more events would all get in, if need be by waiting. */
  takes(count: number, mayWait: boolean): boolean {
    if (this.mailbox.roomFor(count)) return true;
    if (this.#overflow !== 'block') return this.#overflow !== 'reject';
    const { size, parked, capacity } = this.mailbox;
    return mayWait && size + parked + count <= capacity + this.#maxBlocked;
  }

  /** Lets an event in, or not, as the mailbox's policy says. */
  offer(event: EventEnvelope): OfferResult {
    const now = this.mailbox.timed ? this.#ports.clock.monotonic() : 0;
    const result = this.mailbox.offer(event, laneOf(event.priority), event.key, now);
    if (!this.#scheduled && !this.#pumping && this.#credit.available) {
      this.#scheduled = true;
      // Not at once: publish must return before the handlers of its event run.
      this.#ports.clock.defer(this.#run);
    }
    return result;
  }

  detach(): void {
    this.#leave?.();
    this.#leave = undefined;
  }

  status(): MailboxStatus {
    const { mailbox } = this;
    return {
      capacity: mailbox.capacity,
      depths: [mailbox.depth(0), mailbox.depth(1), mailbox.depth(2), mailbox.depth(3)],
      parked: mailbox.parked,
      blocked: mailbox.blocked,
    };
  }

  /** A delivery has been settled for good. */
  settle(event: EventEnvelope, settlement: Settlement, detail?: unknown): void {
    if (this.#attempts.size > 0) this.#attempts.delete(event);
    this.#credit.repay();
    if (this.#keyed) this.mailbox.release(event.key);
    this.#ports.onSettled(event, this, settlement, detail);
    this.#pump();
  }

  /** A delivery is to be tried again, `delayMs` from now. */
  retry(event: EventEnvelope, attempt: number, place: number, delayMs: number): void {
    if (this.#subscriber === undefined) {
      this.settle(event, 'dropped', 'unsubscribed');
      this.#onDrop?.(event, 'unsubscribed');
      return;
    }
    this.#attempts.set(event, attempt + 1);
    this.mailbox.park();
    this.#credit.repay();
    const due = (): void => {
      this.#timers.delete(event);
      this.mailbox.unpark(event, laneOf(event.priority), event.key, this.#ports.clock.monotonic(), place);
      this.#pump();
    };
    this.#timers.set(event, this.#ports.clock.setTimeout(due, Math.max(0, delayMs)));
    this.#pump();
  }

  #start(subscriber: Subscriber<Delivery>): () => void {
    if (this.#subscriber !== undefined) {
      throw new TypeError(`the deliveries of ${this.name} have a subscriber already`);
    }
    this.#subscriber = subscriber;
    this.#credit.attach(this.#resume);
    this.#leave = this.#ports.join(this);
    return () => this.#stop();
  }

  #stop(): void {
    this.detach();
    this.#subscriber = undefined;
    this.#credit.attach(() => {});
    for (const [event, timer] of this.#timers) {
      this.#ports.clock.clearTimeout(timer);
      this.mailbox.unpark(event, laneOf(event.priority), event.key, 0);
    }
    this.#timers.clear();
    this.#attempts.clear();
    this.mailbox.discard('unsubscribed');
  }

  readonly #run = (): void => {
    this.#scheduled = false;
    this.#pump();
  };

  readonly #resume = (): void => this.#pump();

  #pump(): void {
    if (this.#pumping) return;
    const subscriber = this.#subscriber;
    if (subscriber === undefined) return;
    this.#pumping = true;
    const { turn, clock } = this.#ports;
    const { mailbox } = this;
    try {
      while (this.#credit.available && mailbox.size > 0 && !subscriber.closed) {
        if (this.#scheduled) break;
        if (!turn.take()) {
          this.#scheduled = true;
          turn.wait(this.#run);
          break;
        }
        const event = mailbox.take(mailbox.timed ? clock.monotonic() : 0);
        if (event === undefined) break;
        this.#credit.spend();
        const attempt = this.#attempts.size === 0 ? 1 : (this.#attempts.get(event) ?? 1);
        subscriber.next(new MemoryDelivery(event, attempt, mailbox.takenPlace, this));
      }
    } finally {
      this.#pumping = false;
    }
  }
}

class MemoryDelivery implements Delivery {
  readonly event: EventEnvelope;
  readonly attempt: number;
  readonly #subscription: MemorySubscription;
  /** Where in its lane it stood, for a retry to stand there again. */
  readonly #place: number;
  #settled = false;

  constructor(event: EventEnvelope, attempt: number, place: number, subscription: MemorySubscription) {
    this.event = event;
    this.attempt = attempt;
    this.#place = place;
    this.#subscription = subscription;
  }

  ack(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#subscription.settle(this.event, 'handled');
  }

  nak(delayMs = 0): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#subscription.retry(this.event, this.attempt, this.#place, delayMs);
  }

  term(reason?: string): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#subscription.settle(this.event, 'dead-lettered', reason);
  }
}
