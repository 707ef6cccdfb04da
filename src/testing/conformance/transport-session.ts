import type { Subscription as RxSubscription } from 'rxjs';
import type { Delivery } from '../../../streams/event/delivery.ts';
import type { GlobPattern } from '../../../streams/event/glob.ts';
import { Credit } from '../../../streams/queue/credit.ts';
import type {
  Transport,
  TransportFeatures,
  TransportSubscribeOptions,
  TransportSubscription,
} from '../../transport/transport.ts';

/** A transport that is open. */
export interface OpenTransport {
  readonly transport: Transport;
  /** Lets time pass: really, or on the clock that the transport was given. What falls due meanwhile happens. */
  readonly pass: (ms: number) => Promise<void>;
}

/** A kind of transport, as its conformance suite needs it. */
export interface TransportSubject {
  readonly name: string;
  /** What it declares; it is held to that. */
  readonly features: TransportFeatures;
  /** Opens the transport of a place: empty at a new one; a durable transport has there what was published before. */
  readonly open: (place: string) => OpenTransport | Promise<OpenTransport>;
  /** Events that find a mailbox full stay in a log, so that its policy decides nothing. Default: as `durable`. */
  readonly keepsBacklog?: boolean;
  /** Milliseconds, as `pass` counts them, in which what must happen happens. Default `2_000`. */
  readonly patienceMs?: number;
  /** Milliseconds after which what has not happened is taken not to happen. Default `50`. */
  readonly quietMs?: number;
  /** Runs of the model at least. Default `30`. */
  readonly runs?: number;
}

/** What one subscription was given. */
export class Receiver {
  readonly credit: Credit;
  readonly deliveries: Delivery[] = [];
  readonly subscription: TransportSubscription;
  #stream: RxSubscription | undefined;
  #unsettled = 0;
  /** The most that were unsettled at one time. */
  mostUnsettled = 0;

  constructor(transport: Transport, patterns: readonly (string | GlobPattern)[], options: ReceiverOptions) {
    const { limit = 10, permits = Infinity, onDelivery, ...rest } = options;
    this.credit = new Credit(limit, permits);
    this.subscription = transport.subscribe(patterns, { mailbox: {}, ...rest, credit: this.credit });
    this.#stream = this.subscription.deliveries.subscribe((delivery) => {
      this.#unsettled += 1;
      this.mostUnsettled = Math.max(this.mostUnsettled, this.#unsettled);
      this.deliveries.push(delivery);
      onDelivery?.(delivery, this);
    });
  }

  /** What the payloads of the deliveries say, in their order: `{ n }`. */
  get numbers(): number[] {
    return this.deliveries.map(({ event }) => (event.data as { n: number }).n);
  }

  /** Settles a delivery. */
  settle(delivery: Delivery | undefined, how: 'ack' | 'nak' | 'term', delayMs = 0): void {
    if (delivery === undefined) throw new Error('there is no such delivery');
    this.#unsettled -= 1;
    if (how === 'ack') delivery.ack();
    else if (how === 'nak') delivery.nak(delayMs);
    else delivery.term('conformance');
  }

  /** Ends the subscription. */
  end(): void {
    this.#stream?.unsubscribe();
    this.#stream = undefined;
  }
}

/** What a receiver is made with; `name` at least. */
export interface ReceiverOptions extends Partial<Omit<TransportSubscribeOptions, 'credit'>> {
  readonly name: string;
  readonly limit?: number;
  readonly permits?: number;
  readonly onDelivery?: (delivery: Delivery, receiver: Receiver) => void;
}

/** One open transport with its receivers. */
export class TransportSession {
  readonly subject: TransportSubject;
  readonly transport: Transport;
  readonly #open: OpenTransport;
  readonly #receivers: Receiver[] = [];

  constructor(subject: TransportSubject, open: OpenTransport) {
    this.subject = subject;
    this.#open = open;
    this.transport = open.transport;
  }

  /** Subscribes, and waits until a server knows of it, if there is one. */
  async receive(patterns: readonly (string | GlobPattern)[], options: ReceiverOptions): Promise<Receiver> {
    const receiver = new Receiver(this.transport, patterns, options);
    this.#receivers.push(receiver);
    await this.transport.ready?.();
    await this.#open.pass(1);
    return receiver;
  }

  /** Waits for something that must happen. */
  async until(what: string, holds: () => boolean): Promise<void> {
    const { patienceMs = 2_000 } = this.subject;
    for (let waited = 0; !holds(); waited += 5) {
      if (waited > patienceMs) throw new Error(`waited ${patienceMs} ms in vain for ${what}`);
      await this.#open.pass(5);
    }
  }

  /** Waits until what is going to happen has happened. */
  async quiet(): Promise<void> {
    await this.#open.pass(this.subject.quietMs ?? 50);
  }

  /** Lets time pass. */
  pass(ms: number): Promise<void> {
    return this.#open.pass(ms);
  }

  async close(): Promise<void> {
    for (const receiver of this.#receivers) receiver.end();
    await this.transport.close();
  }
}

/** Opens a transport at a place, does `work` with it, and closes it. */
export async function withTransport(
  subject: TransportSubject,
  place: string,
  work: (session: TransportSession) => Promise<void>,
): Promise<void> {
  const open = await subject.open(place);
  const session = new TransportSession(subject, open);
  await open.transport.ready?.();
  try {
    await work(session);
  } finally {
    await session.close();
  }
}
