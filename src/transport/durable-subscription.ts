import { Observable, type Subscriber } from 'rxjs';
import type { Delivery } from '../../streams/event/delivery.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { Settlement } from '../../streams/event/outcome.ts';
import { laneOf } from '../../streams/event/priority.ts';
import type { DropReason } from '../../streams/queue/mailbox.ts';
import type { LogRange } from '../event-log.ts';
import { Backlog } from './backlog.ts';
import type { Cursor, CursorRecord } from './cursor.ts';
import { DeliveryQueue } from './delivery-queue.ts';
import { DurableDelivery } from './durable-delivery.ts';
import type { DurableSubscriptionPorts } from './durable-ports.ts';
import type { MailboxStatus, TransportSubscribeOptions, TransportSubscription } from './transport.ts';

/** Urgent events that are taken before their turn at one time, at most: each is remembered until its turn. */
const maxAhead = 256;
/** Lanes below this one, critical and high, go ahead of a backlog. */
const urgentBelow = 2;
/** Read at once where the mailbox's policy, not its room, says what gets in. */
const unboundedRoom = 512;
const smallestPage = 256;

/**
 * One subscription on a log: fed from memory while it keeps up, from the log while it does not.
 *
 *     opening ─► behind ── end of the log ──► live ── detach ─► detached
 *                  ▲                            │
 *                  └── no room for an event ────┘
 *
 * Whoever publishes never waits for it: what finds no room stays in the log, and is read when there is. Positions are
 * taken in order, but for urgent events that go ahead of a backlog where no order was asked for.
 */
export class DurableSubscription implements TransportSubscription {
  readonly name: string;
  readonly durable: boolean;
  readonly from: NonNullable<TransportSubscribeOptions['from']>;
  readonly deliveries: Observable<Delivery>;
  readonly #options: TransportSubscribeOptions;
  readonly #patterns: NonNullable<LogRange['patterns']>;
  readonly #ports: DurableSubscriptionPorts;
  readonly #queue: DeliveryQueue;
  /** Whether what finds no room waits in the log. */
  readonly #waits: boolean;
  readonly #jumps: boolean;
  #cursor: Cursor | undefined;
  #backlog: Backlog | undefined;
  /** While live: what comes at this position or later is new. */
  #next = 0;
  /** The highest position taken in its turn. */
  #taken = 0;
  #mode: 'opening' | 'behind' | 'live' | 'detached' = 'opening';

  constructor(
    patterns: NonNullable<LogRange['patterns']>,
    options: TransportSubscribeOptions,
    ports: DurableSubscriptionPorts,
  ) {
    this.name = options.name;
    this.durable = options.durable === true;
    this.from = options.from ?? 'now';
    this.#options = options;
    this.#patterns = patterns;
    this.#ports = ports;
    const { overflow = 'block', order = 'none' } = options.mailbox;
    // The log is the waiting room: what would be refused elsewhere waits there as well.
    this.#waits = overflow === 'block' || overflow === 'reject';
    this.#jumps = this.#waits && order === 'none';
    this.#queue = new DeliveryQueue(options.mailbox, {
      clock: ports.clock,
      turn: ports.turn,
      credit: options.credit,
      dropped: this.#dropped,
      drained: this.poke,
    });
    this.deliveries = new Observable((subscriber) => this.#start(subscriber));
  }

  /** Where it is, for the next run; undefined until that is known. */
  place(): CursorRecord | undefined {
    return this.#cursor?.record(this.#read);
  }

  /** An event was appended. */
  hear(event: EventEnvelope, position: number): void {
    if (this.#mode === 'live') {
      if (position < this.#next) return;
      if (this.#waits && this.#queue.room < 1) this.#readFrom(position);
      else this.#let(event, position, 1);
    } else if (this.#mode === 'behind') this.#hearAhead(event, position);
  }

  /** The log has events, from this position on, that nobody told of. */
  missed(position: number): void {
    if (this.#mode === 'live') this.#readFrom(Math.max(position, this.#next));
  }

  /** An event that is kept in memory alone. Says how it was taken, if it was: its position comes later. */
  hearHeld(event: EventEnvelope): DurableDelivery | undefined {
    if (this.#mode !== 'live') return undefined;
    if (this.#waits && this.#queue.room < 1) {
      this.#readFrom(this.#ports.last() + 1);
      return undefined;
    }
    return this.#let(event, 0, 1);
  }

  /** An event that was taken from memory has its position now. */
  placed(given: DurableDelivery, position: number): void {
    this.#taken = position;
    if (this.#backlog !== undefined) this.#backlog.next = position + 1;
    let delivery = given;
    while (delivery.successor !== undefined) delivery = delivery.successor;
    delivery.at = position;
    this.#cursor?.take(delivery);
    if (delivery.settled) this.#cursor?.settle(delivery);
    this.#moved();
  }

  /** An event past the log: given back to it, or one of the bus's own, which it may not want. */
  tell(event: EventEnvelope, given: boolean): 'taken' | 'refused' {
    if (this.#mode === 'detached' || !this.#queue.open) return 'refused';
    const wanted = given || this.#options.accepts === undefined ? true : this.#options.accepts(event);
    if (wanted !== true) {
      this.#passed(event, 0, wanted === false ? 'filtered' : wanted);
      return 'taken';
    }
    const delivery = new DurableDelivery(event, 0, 1, this);
    if (this.#queue.offer(delivery) !== 'rejected') return 'taken';
    this.#options.onRefused?.(event);
    return 'refused';
  }

  readonly poke = (): void => this.#backlog?.poke();

  detach(): void {
    const read = this.#read;
    this.#mode = 'detached';
    this.#next = read + 1;
    this.#backlog?.end();
    this.#backlog = undefined;
  }

  status(): MailboxStatus {
    const reads = this.#mode === 'opening' || this.#mode === 'behind';
    return this.#queue.status(reads ? Math.max(1, this.#ports.last() - this.#read) : 0);
  }

  /** A delivery has been settled for good. */
  settle(delivery: DurableDelivery, settlement: Settlement, detail?: unknown): void {
    this.#queue.release(delivery);
    this.#close(delivery, settlement, detail);
    this.#queue.pump();
  }

  /** A delivery is to be tried again, `delayMs` from now. */
  retry(delivery: DurableDelivery, delayMs: number): void {
    const again = new DurableDelivery(delivery.event, delivery.at, delivery.attempt + 1, this);
    again.lanePlace = delivery.lanePlace;
    if (again.at > 0) this.#cursor?.replace(delivery, again);
    else delivery.successor = again;
    this.#moved();
    if (this.#queue.open) this.#queue.park(again, delayMs);
    else {
      this.#queue.release(delivery);
      this.#dropped(again, 'unsubscribed');
    }
    this.#queue.pump();
  }

  /** The highest position up to which all has been taken, or was not wanted. */
  get #read(): number {
    if (this.#mode === 'live') return Math.max(this.#next - 1, this.#ports.last());
    return (this.#backlog?.next ?? this.#next) - 1;
  }

  #start(subscriber: Subscriber<Delivery>): () => void {
    if (this.#queue.open) throw new TypeError(`the deliveries of ${this.name} have a subscriber already`);
    this.#queue.start(subscriber);
    this.#ports.join();
    this.#ports.open(this.#opened, (error) => subscriber.error(error));
    return () => this.#stop();
  }

  readonly #opened = (cursor: Cursor, next: number): void => {
    if (!this.#queue.open) return;
    this.#cursor = cursor;
    this.#next = next;
    if (this.#mode === 'detached') return;
    if (cursor.recovering.length > 0 || this.#caughtUp(next) !== 'done') this.#readFrom(next);
    this.#moved();
  };

  #stop(): void {
    this.detach();
    this.#ports.leave();
    this.#queue.stop();
    this.#moved();
  }

  #readFrom(position: number): void {
    this.#mode = 'behind';
    const queue = this.#queue;
    const least = Math.max(1, Math.min(smallestPage, queue.capacity / 4));
    const { log, clock, recent, trouble } = this.#ports;
    this.#backlog = new Backlog(position, this.#cursor?.recovering ?? [], {
      log,
      clock,
      recent,
      patterns: this.#patterns,
      least: () => (queue.empty ? 1 : least),
      room: () => (this.#waits ? queue.room : unboundedRoom),
      take: (record, failed) => this.#takeRead(record.event, record.position, failed),
      recovered: (count) => this.#cursor?.recovered(count),
      trouble: (type, data) => trouble(type, { subscriber: this.name, ...data }),
      caughtUp: (next) => this.#caughtUp(next),
    });
    clock.defer(this.#backlog.poke);
  }

  #caughtUp(next: number): 'done' | 'more' | 'wait' {
    if (next <= this.#ports.last()) return 'more';
    if (this.#ports.holding()) return 'wait';
    this.#next = next;
    this.#mode = 'live';
    this.#backlog = undefined;
    this.#moved();
    this.#ports.clock.defer(() => this.#options.onCaughtUp?.());
    return 'done';
  }

  #takeRead(read: EventEnvelope, position: number, failed: number): void {
    // It may have come another way while the page was read.
    if (position <= this.#taken) return;
    this.#taken = position;
    if (this.#cursor?.reached(position) === true) return;
    let event: EventEnvelope;
    try {
      event = this.#ports.lift(read);
    } catch (error) {
      const kept = this.#options.onUnreadable?.(read, error) === true;
      this.#passed(read, position, kept ? 'dead-lettered' : 'dropped', error);
      return;
    }
    this.#let(event, position, failed + (this.#cursor?.failedBefore(position) ?? 0) + 1);
  }

  /** While it reads an old part of the log, urgent events do not wait for their turn. */
  #hearAhead(event: EventEnvelope, position: number): void {
    const cursor = this.#cursor;
    if (!this.#jumps || cursor === undefined || cursor.ahead >= maxAhead) return;
    if (laneOf(event.priority) >= urgentBelow || position <= this.#taken) return;
    const accepts = this.#options.accepts;
    const wanted = accepts === undefined ? true : accepts(event);
    const delivery = new DurableDelivery(event, position, 1, this);
    if (wanted !== true) {
      cursor.takeAhead(delivery);
      this.#close(delivery, wanted === false ? 'filtered' : wanted);
    } else if (this.#queue.offer(delivery) === 'rejected') {
      // No room even over capacity: it waits for its turn, and is no duplicate then.
      this.#options.onRefused?.(event);
    } else cursor.takeAhead(delivery);
  }

  /** Lets an event in, or past it. */
  #let(event: EventEnvelope, position: number, attempt: number): DurableDelivery {
    const accepts = this.#options.accepts;
    const wanted = accepts === undefined ? true : accepts(event);
    if (wanted !== true) return this.#passed(event, position, wanted === false ? 'filtered' : wanted);
    const delivery = new DurableDelivery(event, position, attempt, this);
    if (position > 0) this.#cursor?.take(delivery);
    this.#queue.offer(delivery);
    return delivery;
  }

  #passed(event: EventEnvelope, position: number, how: Settlement, detail?: unknown): DurableDelivery {
    const delivery = new DurableDelivery(event, position, 1, this);
    delivery.settled = true;
    this.#ports.onSettled(delivery, this.name, how, detail);
    this.#moved();
    return delivery;
  }

  readonly #dropped = (delivery: DurableDelivery, reason: DropReason): void => {
    // What waits when it ends is still in the log, for the next subscription of this name.
    if (reason === 'unsubscribed' && this.durable && delivery.at > 0) return;
    delivery.settled = true;
    this.#close(delivery, this.#options.onDrop?.(delivery.event, reason) ?? 'dropped', reason);
  };

  #close(delivery: DurableDelivery, how: Settlement, detail?: unknown): void {
    if (delivery.at > 0) this.#cursor?.settle(delivery);
    this.#ports.onSettled(delivery, this.name, how, detail);
    this.#moved();
  }

  #moved(): void {
    if (this.durable && this.#cursor !== undefined) this.#ports.moved();
  }
}
