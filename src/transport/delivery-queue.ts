import type { Subscriber } from 'rxjs';
import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import type { Delivery } from '../../streams/event/delivery.ts';
import { laneOf } from '../../streams/event/priority.ts';
import type { Credit } from '../../streams/queue/credit.ts';
import {
  Mailbox,
  type DropReason,
  type MailboxOptions,
  type OfferResult,
} from '../../streams/queue/mailbox.ts';
import type { DurableDelivery } from './durable-delivery.ts';
import type { MailboxStatus } from './transport.ts';
import type { Turn } from './turn.ts';

export interface DeliveryQueuePorts {
  readonly clock: Clock;
  readonly turn: Turn;
  readonly credit: Credit;
  /** The mailbox's policy dropped it, or the subscription has ended. */
  readonly dropped: (delivery: DurableDelivery, reason: DropReason) => void;
  /** Deliveries were given out: there may be room. */
  readonly drained: () => void;
}

/** The way out of a durable subscription: deliveries wait in a mailbox, and leave it while there is credit. */
export class DeliveryQueue {
  readonly #mailbox: Mailbox<DurableDelivery>;
  readonly #ports: DeliveryQueuePorts;
  readonly #keyed: boolean;
  readonly #timers = new Map<DurableDelivery, TimerHandle>();
  #subscriber: Subscriber<Delivery> | undefined;
  #scheduled = false;
  #pumping = false;

  constructor(options: MailboxOptions, ports: DeliveryQueuePorts) {
    this.#ports = ports;
    this.#keyed = (options.order ?? 'none') !== 'none';
    this.#mailbox = new Mailbox(options, (delivery, _lane, reason) => ports.dropped(delivery, reason));
  }

  /** Whether it gives out deliveries. */
  get open(): boolean {
    return this.#subscriber !== undefined;
  }

  /** How many more fit in; less than none when some came before their turn. */
  get room(): number {
    return this.#mailbox.capacity - this.#mailbox.size - this.#mailbox.parked;
  }

  get capacity(): number {
    return this.#mailbox.capacity;
  }

  /** Whether nothing waits for credit. */
  get empty(): boolean {
    return this.#mailbox.size === 0;
  }

  start(subscriber: Subscriber<Delivery>): void {
    this.#subscriber = subscriber;
    this.#ports.credit.attach(this.#resume);
  }

  /** Gives out no more, and drops all that waits. */
  stop(): void {
    this.#subscriber = undefined;
    this.#ports.credit.attach(() => {});
    for (const [delivery, timer] of this.#timers) {
      this.#ports.clock.clearTimeout(timer);
      this.#mailbox.unpark(delivery, laneOf(delivery.event.priority), delivery.event.key, 0);
    }
    this.#timers.clear();
    this.#mailbox.discard('unsubscribed');
  }

  /** Lets a delivery in, as the mailbox's policy says. */
  offer(delivery: DurableDelivery): OfferResult {
    const { event } = delivery;
    const now = this.#mailbox.timed ? this.#ports.clock.monotonic() : 0;
    const result = this.#mailbox.offer(delivery, laneOf(event.priority), event.key, now);
    if (!this.#scheduled && !this.#pumping && this.#ports.credit.available) {
      this.#scheduled = true;
      // Not at once: publish must return before the handlers of its event run.
      this.#ports.clock.defer(this.#run);
    }
    return result;
  }

  /** A delivery that was given out is done with. */
  release(delivery: DurableDelivery): void {
    this.#ports.credit.repay();
    if (this.#keyed) this.#mailbox.release(delivery.event.key);
  }

  /** A delivery that was given out waits for its next try, `again`. */
  park(again: DurableDelivery, delayMs: number): void {
    const { clock, credit } = this.#ports;
    this.#mailbox.park();
    credit.repay();
    const due = (): void => {
      this.#timers.delete(again);
      const { event, lanePlace } = again;
      this.#mailbox.unpark(again, laneOf(event.priority), event.key, clock.monotonic(), lanePlace);
      this.pump();
    };
    this.#timers.set(again, clock.setTimeout(due, Math.max(0, delayMs)));
  }

  status(lag: number): MailboxStatus {
    const mailbox = this.#mailbox;
    return {
      capacity: mailbox.capacity,
      depths: [mailbox.depth(0), mailbox.depth(1), mailbox.depth(2), mailbox.depth(3)],
      parked: mailbox.parked,
      blocked: mailbox.blocked,
      lag,
    };
  }

  pump(): void {
    if (this.#pumping) return;
    const subscriber = this.#subscriber;
    if (subscriber === undefined) return;
    this.#pumping = true;
    const { turn, clock, credit } = this.#ports;
    const mailbox = this.#mailbox;
    try {
      while (credit.available && mailbox.size > 0 && !subscriber.closed) {
        if (this.#scheduled) break;
        if (!turn.take()) {
          this.#scheduled = true;
          turn.wait(this.#run);
          break;
        }
        const delivery = mailbox.take(mailbox.timed ? clock.monotonic() : 0);
        if (delivery === undefined) break;
        credit.spend();
        delivery.lanePlace = mailbox.takenPlace;
        subscriber.next(delivery);
      }
    } finally {
      this.#pumping = false;
    }
    this.#ports.drained();
  }

  readonly #run = (): void => {
    this.#scheduled = false;
    this.pump();
  };

  readonly #resume = (): void => this.pump();
}
