import type { Acceptance } from './publishing/acceptance.ts';
import type { Subscriber, Subscription } from 'rxjs';
import type { Clock } from '../streams/event/clock.ts';
import type { Delivery } from '../streams/event/delivery.ts';
import type { EventEnvelope } from '../streams/event/envelope.ts';
import { ClosedError, FatalError } from '../streams/event/errors.ts';
import type { GlobPattern } from '../streams/event/glob.ts';
import type { Credit } from '../streams/queue/credit.ts';
import type { MailboxOptions } from '../streams/queue/mailbox.ts';
import type { SideOutput } from '../streams/operators/side-output.ts';
import type { DeadLetterReason } from './dead-letters/dead-letter.ts';
import type { DeadLetterStore } from './dead-letters/dead-letter-store.ts';
import type { StreamStats } from './stream-stats.ts';
import type { StartFrom } from './start-from.ts';
import type { Transport, TransportSubscription } from './transport/transport.ts';

export interface OpenStreamConfig {
  readonly name: string;
  readonly patterns: readonly (string | GlobPattern)[];
  readonly manual: boolean;
  readonly credit: Credit;
  readonly mailbox: MailboxOptions;
  readonly durable: boolean;
  readonly from: StartFrom;
  readonly acceptance: Acceptance;
  readonly dropped: SideOutput<EventEnvelope> | undefined;
}

export interface OpenStreamPorts {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly deadLetters: DeadLetterStore;
  readonly onSettled: () => void;
}

/**
 * One subscription of a stream: a subscription of the transport, its credit the stream's `prefetch`.
 *
 *     transport ─► deliveries ─► next, then ack                    (auto)
 *                            └─► next with a delivery ─► settled by its consumer (manual)
 *
 * An event is counted as settled only after the transport knows, which may send the next one meanwhile.
 */
export class OpenStream {
  readonly #config: OpenStreamConfig;
  readonly #ports: OpenStreamPorts;
  readonly #output: Subscriber<EventEnvelope | Delivery>;
  readonly #source: TransportSubscription;
  /** Deliveries that are out, to be settled by hand. */
  readonly #out = new Set<StreamDelivery>();
  #deliveries: Subscription | undefined;
  readonly #subscribedAt: number;
  #delivered = 0;
  #handled = 0;
  #droppedEvents = 0;
  #deadLettered = 0;
  #undelivered = 0;
  #closing = false;

  /** @throws TypeError where the name is taken, ClosedError. */
  constructor(
    config: OpenStreamConfig,
    ports: OpenStreamPorts,
    output: Subscriber<EventEnvelope | Delivery>,
  ) {
    this.#config = config;
    this.#ports = ports;
    this.#output = output;
    this.#subscribedAt = ports.clock.now();
    const { name, credit, mailbox } = config;
    this.#source = ports.transport.subscribe(config.patterns, {
      name,
      credit,
      mailbox,
      accepts: this.#accepts,
      onRefused: this.#config.acceptance.forget,
      onDrop: this.#dropped,
      durable: config.durable,
      from: config.from,
      onCaughtUp: () => ports.onSettled(),
      onUnreadable: (event, error) => this.#store(event, 'unreadable', error, 0),
    });
  }

  /** Whether nothing waits and nothing is out. */
  get quiet(): boolean {
    if (this.#config.credit.inFlight > 0) return false;
    const { depths, parked, lag = 0 } = this.#source.status();
    return parked + lag === 0 && depths[0] + depths[1] + depths[2] + depths[3] === 0;
  }

  stats(): StreamStats {
    const { name, patterns, credit } = this.#config;
    const { depths, parked, blocked, capacity } = this.#source.status();
    return {
      name,
      patterns: patterns.map((pattern) => (typeof pattern === 'string' ? pattern : pattern.source)),
      subscribedAt: this.#subscribedAt,
      delivered: this.#delivered,
      handled: this.#handled,
      dropped: this.#droppedEvents,
      deadLettered: this.#deadLettered,
      inFlight: credit.inFlight,
      prefetch: credit.limit,
      waiting: depths[0] + depths[1] + depths[2] + depths[3] + parked,
      parked,
      blocked,
      capacity,
    };
  }

  start(): void {
    this.#deliveries = this.#source.deliveries.subscribe({
      next: this.#config.manual ? this.#handOut : this.#handOver,
      error: (error: unknown) => this.#output.error(error),
      complete: () => this.#output.complete(),
    });
    this.#output.add(this.#deliveries);
  }

  /** Ends the stream; what is not settled goes to the dead letters. Says how many events that were. */
  close(): number {
    this.#closing = true;
    for (const delivery of this.#out) {
      const { event, attempt, position } = delivery;
      this.#undelivered += 1;
      // The log has it for the next stream of this name.
      if (this.#source.durable === true && position !== undefined) continue;
      this.#store(event, 'closed', this.#closedError(), attempt, position);
      delivery.giveUp();
    }
    this.#out.clear();
    this.#deliveries?.unsubscribe();
    this.#output.complete();
    return this.#undelivered;
  }

  /** A delivery has been settled by hand. */
  settled(delivery: StreamDelivery, handled: boolean): void {
    this.#out.delete(delivery);
    if (handled) {
      this.#handled += 1;
      this.#ports.deadLetters.settled(delivery.event);
    }
    this.#ports.onSettled();
  }

  /** The delivery stays out, and keeps its credit, until the dead letters have room for its event. */
  term(delivery: StreamDelivery, reason: string | undefined, settle: () => void): void {
    const error = new FatalError(reason ?? `given up by the consumer of ${this.#config.name}`);
    const kept = (): void => {
      settle();
      this.settled(delivery, false);
    };
    if (this.#store(delivery.event, 'fatal', error, delivery.attempt, delivery.position, kept)) return;
    this.#ports.deadLetters.whenRoom(() => this.term(delivery, reason, settle));
  }

  readonly #handOver = (delivery: Delivery): void => {
    this.#delivered += 1;
    this.#output.next(delivery.event);
    this.#handled += 1;
    this.#ports.deadLetters.settled(delivery.event);
    delivery.ack();
    this.#ports.onSettled();
  };

  readonly #handOut = (delivery: Delivery): void => {
    const out = new StreamDelivery(delivery, this);
    this.#out.add(out);
    this.#delivered += 1;
    this.#output.next(out);
  };

  readonly #accepts = (event: EventEnvelope): boolean | 'dead-lettered' => {
    try {
      return this.#config.acceptance.accepts(event);
    } catch (error) {
      this.#store(event, 'filter-failed', error, 0);
      return 'dead-lettered';
    }
  };

  readonly #dropped = (event: EventEnvelope): void => {
    this.#ports.deadLetters.settled(event);
    if (this.#closing) {
      this.#undelivered += 1;
      if (this.#store(event, 'closed', this.#closedError(), 0)) return;
    }
    this.#droppedEvents += 1;
    this.#config.dropped?.next(event);
  };

  #closedError(): ClosedError {
    return new ClosedError(`the bus closed before ${this.#config.name} had settled the event`);
  }

  #store(
    event: EventEnvelope,
    reason: DeadLetterReason,
    error: unknown,
    attempts: number,
    position?: number,
    kept?: () => void,
  ): boolean {
    const { clock, deadLetters } = this.#ports;
    const { name: subscriber } = this.#config;
    const letter = { event, subscriber, reason, attempts, error, time: clock.now(), position };
    const stored = deadLetters.add(letter, kept);
    if (stored) this.#deadLettered += 1;
    return stored;
  }
}

/** A delivery as the consumer of a stream has it: settled once, an event that is given up is kept. */
class StreamDelivery implements Delivery {
  readonly event: EventEnvelope;
  readonly attempt: number;
  readonly position: number | undefined;
  readonly #delivery: Delivery;
  readonly #stream: OpenStream;
  #settled = false;

  constructor(delivery: Delivery, stream: OpenStream) {
    this.event = delivery.event;
    this.attempt = delivery.attempt;
    this.position = delivery.position;
    this.#delivery = delivery;
    this.#stream = stream;
  }

  ack(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#delivery.ack();
    this.#stream.settled(this, true);
  }

  nak(delayMs?: number): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#delivery.nak(delayMs);
    this.#stream.settled(this, false);
  }

  term(reason?: string): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#stream.term(this, reason, () => this.#delivery.term(reason));
  }

  /** The bus has closed: what its consumer says from now on changes nothing. */
  giveUp(): void {
    this.#settled = true;
    this.#delivery.term('closed');
  }
}
