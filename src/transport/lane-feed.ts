import { Observable, type Subscriber } from 'rxjs';
import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import type { Delivery } from '../../streams/event/delivery.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { laneOf } from '../../streams/event/priority.ts';
import type { Credit } from '../../streams/queue/credit.ts';
import {
  Mailbox,
  type DropReason,
  type MailboxOptions,
  type OfferResult,
} from '../../streams/queue/mailbox.ts';
import type { MailboxStatus } from './transport.ts';
import type { Turn } from './turn.ts';

/** An event that came in, and what has to be told when it is done with. */
export interface Arrival {
  readonly event: EventEnvelope;
  /** Where it stands in the log, if it comes from one. */
  readonly position: number | undefined;
  /** Which attempt is next. */
  attempt: number;
  /** Whether it is still ours: another process may have taken over what it came from. */
  readonly lost: boolean;
  /** The number of the ownership under which it may be acted on. */
  readonly fencingToken?: number | undefined;
  /** A handler has it now. */
  started?(): void;
  /** No handler has it: it waits for its next attempt. */
  parked?(): void;
  /** It is done with: handled, filtered or dropped. */
  settled(): void;
  /** It was given up, after `attempt` attempts. */
  givenUp(reason: string | undefined, attempt: number): void;
}

export interface LaneFeedPorts {
  readonly name: string;
  readonly clock: Clock;
  readonly turn: Turn;
  readonly credit: Credit;
  readonly onStart: () => void;
  /** The subscription has ended; `waiting` are the events that were not started or wait for a retry. */
  readonly onStop: (waiting: readonly Arrival[]) => void;
  /** The mailbox's policy has dropped an event. */
  readonly onDrop: (arrival: Arrival, reason: DropReason) => void;
}

/**
 * Lanes in front of one subscriber, fed from elsewhere: what waits there, starts within the credit, and comes back
 * to its place when it is to be tried again.
 *
 * A retry waits here, not at the server, so that nothing of its key overtakes it.
 */
export class LaneFeed {
  readonly mailbox: Mailbox<Arrival>;
  readonly deliveries: Observable<Delivery>;
  readonly #ports: LaneFeedPorts;
  readonly #keyed: boolean;
  readonly #timers = new Map<Arrival, TimerHandle>();
  #subscriber: Subscriber<Delivery> | undefined;
  #scheduled = false;
  #pumping = false;

  constructor(options: MailboxOptions, ports: LaneFeedPorts) {
    this.#ports = ports;
    this.#keyed = (options.order ?? 'none') !== 'none';
    this.mailbox = new Mailbox(options, (arrival, _lane, reason) => ports.onDrop(arrival, reason));
    this.deliveries = new Observable((subscriber) => this.#start(subscriber));
  }

  /** Whether somebody takes the deliveries. */
  get running(): boolean {
    return this.#subscriber !== undefined;
  }

  /** Lets an event in, or does with it what the mailbox's policy says. */
  offer(arrival: Arrival): OfferResult {
    const { event } = arrival;
    const { clock, credit } = this.#ports;
    const now = this.mailbox.timed ? clock.monotonic() : 0;
    const result = this.mailbox.offer(arrival, laneOf(event.priority), event.key, now);
    if (!this.#scheduled && !this.#pumping && credit.available) {
      this.#scheduled = true;
      // Not at once: all events of a message get into their lanes before the first one starts.
      clock.defer(this.#run);
    }
    return result;
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

  /** What feeds it cannot go on. */
  fail(error: Error): void {
    this.#subscriber?.error(error);
  }

  /** A delivery has been settled for good. */
  settle(arrival: Arrival): void {
    this.#ports.credit.repay();
    if (this.#keyed) this.mailbox.release(arrival.event.key);
    this.#pump();
  }

  /** A delivery is to be tried again, `delayMs` from now. */
  retry(arrival: Arrival, place: number, delayMs: number): void {
    const { clock, credit } = this.#ports;
    arrival.parked?.();
    if (this.#subscriber === undefined) {
      credit.repay();
      this.#ports.onStop([arrival]);
      return;
    }
    if (arrival.lost) {
      this.settle(arrival);
      return;
    }
    arrival.attempt += 1;
    this.mailbox.park();
    credit.repay();
    const due = (): void => {
      this.#timers.delete(arrival);
      const { event } = arrival;
      this.mailbox.unpark(arrival, laneOf(event.priority), event.key, clock.monotonic(), place);
      this.#pump();
    };
    this.#timers.set(arrival, clock.setTimeout(due, Math.max(0, delayMs)));
    this.#pump();
  }

  #start(subscriber: Subscriber<Delivery>): () => void {
    const { name, credit, onStart } = this.#ports;
    if (this.#subscriber !== undefined)
      throw new TypeError(`the deliveries of ${name} have a subscriber already`);
    this.#subscriber = subscriber;
    credit.attach(this.#resume);
    onStart();
    return () => this.#stop();
  }

  #stop(): void {
    const { clock, credit, onStop } = this.#ports;
    this.#subscriber = undefined;
    credit.attach(nothing);
    const waiting = [...this.#timers.keys()];
    for (const [arrival, timer] of this.#timers) {
      clock.clearTimeout(timer);
      this.mailbox.abandon(arrival.event.key);
    }
    this.#timers.clear();
    waiting.push(...this.mailbox.clear());
    onStop(waiting);
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
    try {
      this.#deliver(subscriber);
    } finally {
      this.#pumping = false;
    }
  }

  #deliver(subscriber: Subscriber<Delivery>): void {
    const { turn, clock, credit } = this.#ports;
    const { mailbox } = this;
    while (credit.available && mailbox.size > 0 && !subscriber.closed && !this.#scheduled) {
      if (!turn.take()) {
        this.#scheduled = true;
        turn.wait(this.#run);
        return;
      }
      const arrival = mailbox.take(mailbox.timed ? clock.monotonic() : 0);
      if (arrival === undefined) return;
      if (arrival.lost) {
        if (this.#keyed) mailbox.release(arrival.event.key);
        continue;
      }
      credit.spend();
      arrival.started?.();
      subscriber.next(new FedDelivery(arrival, mailbox.takenPlace, this));
    }
  }
}

class FedDelivery implements Delivery {
  readonly event: EventEnvelope;
  readonly attempt: number;
  readonly position: number | undefined;
  readonly #arrival: Arrival;
  readonly #feed: LaneFeed;
  /** Where in its lane it stood, for a retry to stand there again. */
  readonly #place: number;
  #settled = false;

  constructor(arrival: Arrival, place: number, feed: LaneFeed) {
    this.event = arrival.event;
    this.attempt = arrival.attempt;
    this.position = arrival.position;
    this.#arrival = arrival;
    this.#place = place;
    this.#feed = feed;
  }

  get fencingToken(): number | undefined {
    return this.#arrival.fencingToken;
  }

  get revoked(): boolean {
    return this.#arrival.lost;
  }

  ack(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#arrival.settled();
    this.#feed.settle(this.#arrival);
  }

  nak(delayMs = 0): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#feed.retry(this.#arrival, this.#place, delayMs);
  }

  term(reason?: string): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#arrival.givenUp(reason, this.attempt);
    this.#feed.settle(this.#arrival);
  }
}

function nothing(): void {}
