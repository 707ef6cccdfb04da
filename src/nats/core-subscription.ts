import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import type { Clock } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { CodecError, TransportError } from '../../streams/event/errors.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import { PatternIndex } from '../../streams/event/pattern-index.ts';
import type { Logger } from '../logger.ts';
import type {
  MailboxStatus,
  OnSettled,
  TransportSubscribeOptions,
  TransportSubscription,
} from '../transport/transport.ts';
import type { Turn } from '../transport/turn.ts';
import { GivenArrival } from '../transport/given-arrival.ts';
import { type Arrival, LaneFeed } from '../transport/lane-feed.ts';
import type { NatsLink } from './nats-link.ts';
import { coreSubjects, coveringPatterns, nameToken, strayAmong } from './subjects.ts';
import type { WireFormat } from './wire-message.ts';

export interface CoreSubscriptionPorts {
  readonly clock: Clock;
  readonly turn: Turn;
  readonly link: NatsLink;
  readonly logger: Logger;
  readonly format: WireFormat;
  readonly join: (subscription: CoreSubscription, opened: Promise<void>) => () => void;
}

/**
 * One subscription on core NATS. Events that come while it is away, or that its mailbox has no room for, are gone;
 * the latter are counted as dropped.
 *
 * With a name and no order it shares its events with all of that name, as a queue group.
 */
export class CoreSubscription implements TransportSubscription {
  readonly name: string;
  readonly #options: TransportSubscribeOptions;
  readonly #ports: CoreSubscriptionPorts;
  readonly #feed: LaneFeed;
  readonly #subjects: readonly string[];
  readonly #wanted = new PatternIndex<true>();
  readonly #queue: string | undefined;
  readonly #leave: (() => void)[] = [];
  #subscriptions: Subscription[] = [];
  #connection: NatsConnection | undefined;

  constructor(
    patterns: readonly (string | GlobPattern)[],
    options: TransportSubscribeOptions,
    ports: CoreSubscriptionPorts,
  ) {
    const { name, mailbox, credit } = options;
    this.name = name;
    this.#options = options;
    this.#ports = ports;
    const { namespace } = ports.link.config;
    for (const pattern of patterns) this.#wanted.add(pattern, true);
    this.#subjects = coreSubjects(namespace, coveringPatterns(patterns));
    const ordered = (mailbox.order ?? 'none') !== 'none';
    this.#queue = options.durable === true && !ordered ? nameToken(name) : undefined;
    const { clock, turn } = ports;
    this.#feed = new LaneFeed(mailbox, {
      name,
      clock,
      turn,
      credit,
      onStart: this.#start,
      onStop: this.#stop,
      onDrop: ({ event }, reason) => options.onDrop?.(event, reason),
    });
  }

  get deliveries(): TransportSubscription['deliveries'] {
    return this.#feed.deliveries;
  }

  detach(): void {
    for (const leave of this.#leave.splice(0)) leave();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#subscriptions = [];
  }

  status(): MailboxStatus {
    return this.#feed.status();
  }

  /** Gives an event that was given up before to the handler again. */
  give(event: EventEnvelope, onSettled?: OnSettled): boolean {
    return (
      this.#feed.running && this.#feed.offer(new GivenArrival(event, this.name, onSettled)) !== 'rejected'
    );
  }

  readonly #start = (): void => {
    const { link, join } = this.#ports;
    this.#leave.push(join(this, this.#opened()), link.onUp(this.#listen), link.onError(this.#denied));
  };

  async #opened(): Promise<void> {
    try {
      const connection = await this.#ports.link.connected();
      // Once the server has answered, it knows of the subscription, too.
      await connection.flush();
    } catch (error) {
      const { logger } = this.#ports;
      logger.warn({ subscriber: this.name, error }, `${this.name} waits for NATS: ${describeError(error)}`);
    }
  }

  readonly #listen = (connection: NatsConnection): void => {
    // The client renews the subscriptions of a connection that it has dialled again.
    if (connection === this.#connection) return;
    this.#connection = connection;
    const callback = (error: Error | null, message: Msg): void => {
      if (error === null) this.#arrived(message);
    };
    this.#subscriptions = this.#subjects.map((subject) =>
      connection.subscribe(
        subject,
        this.#queue === undefined ? { callback } : { callback, queue: this.#queue },
      ),
    );
  };

  readonly #denied = (error: Error): void => {
    const { operation, subject } = error as { operation?: unknown; subject?: unknown };
    if (operation !== 'subscription' || !this.#subjects.includes(String(subject))) return;
    this.#feed.fail(
      new TransportError(`${this.name} may not subscribe to ${String(subject)}`, { cause: error }),
    );
  };

  readonly #stop = (waiting: readonly Arrival[]): void => {
    this.detach();
    for (const { event } of waiting) this.#options.onDrop?.(event, 'unsubscribed');
  };

  #arrived(message: Msg): void {
    const { format, clock, logger } = this.#ports;
    try {
      const events = format.decode(message.data, message.headers, clock.now());
      const stray = strayAmong(events, message.subject, 1);
      if (stray !== undefined) {
        throw new CodecError(`it holds an event of type ${stray.type}, priority ${stray.priority}`);
      }
      for (const event of events) this.#take(event);
    } catch (error) {
      const { subject } = message;
      const why = describeError(error);
      logger.warn(
        { subscriber: this.name, subject },
        `a message on ${subject} is not ours and is dropped: ${why}`,
      );
    }
  }

  #take(event: EventEnvelope): void {
    if (this.#wanted.match(event.type).length === 0) return;
    if (this.#options.accepts !== undefined && this.#options.accepts(event) !== true) return;
    // Its publisher is elsewhere and cannot be told: to refuse is to drop.
    if (this.#feed.offer(new GivenArrival(event, this.name)) === 'rejected')
      this.#options.onDrop?.(event, 'drop-newest');
  }
}
