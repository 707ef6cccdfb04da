import type { JetStreamManager } from '@nats-io/jetstream';
import type { Msg } from '@nats-io/transport-node';
import { describeError } from '../../streams/event/describe-error.ts';
import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import type { EventEnvelope, ValidEnvelope } from '../../streams/event/envelope.ts';
import { CodecError } from '../../streams/event/errors.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import { PatternIndex } from '../../streams/event/pattern-index.ts';
import type { Random } from '../../streams/event/random.ts';
import { RecentIds } from '../../streams/queue/recent-ids.ts';
import type { Logger } from '../logger.ts';
import type {
  MailboxStatus,
  TransportSubscribeOptions,
  TransportSubscription,
} from '../transport/transport.ts';
import type { Turn } from '../transport/turn.ts';
import type { Acknowledger } from './acknowledger.ts';
import type { DeadLetterCopies, GivenUp } from './dead-letter-copies.ts';
import type { HeldMessage } from './held-message.ts';
import type { ResolvedJetStream } from './jetstream-options.ts';
import { readingPlan, type ReadingPlan } from './jetstream-plan.ts';
import { type Arrival, LaneFeed } from './lane-feed.ts';
import type { MessageSource } from './message-source.ts';
import type { NatsLink } from './nats-link.ts';
import { openSources } from './open-sources.ts';
import { isSubjectOf } from './subjects.ts';
import type { WireFormat } from './wire-message.ts';

export interface JetStreamSubscriptionPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly turn: Turn;
  readonly link: NatsLink;
  readonly logger: Logger;
  readonly format: WireFormat;
  readonly acknowledger: Acknowledger;
  readonly copies: DeadLetterCopies;
  /** Resolves when connected, and the streams are there as wanted. */
  readonly prepared: () => Promise<JetStreamManager>;
  readonly join: (subscription: JetStreamSubscription, opened: Promise<void>) => () => void;
}

/** Bytes that one request to a consumer may bring. */
const requestBytes = 8 * 1024 * 1024;
/** Milliseconds before a message whose events could not be copied to the dead letters comes again. */
const copyAgainMs = 5000;

/**
 * One subscription to a stream: its consumers' messages are taken apart into events, which wait in lanes.
 *
 *     consumers ─► messages ─► events ─► lanes ─► handler
 *         ▲ acknowledge when all events of a message are settled ◄─┘
 */
export class JetStreamSubscription implements TransportSubscription {
  readonly name: string;
  readonly #options: TransportSubscribeOptions;
  readonly #config: ResolvedJetStream;
  readonly #ports: JetStreamSubscriptionPorts;
  readonly #feed: LaneFeed;
  readonly #plan: ReadingPlan;
  readonly #wanted: PatternIndex<true> | undefined;
  readonly #recent: RecentIds;
  #sources: readonly MessageSource[] = [];
  #stopped = false;
  #detached = false;
  #leave: () => void = nothing;
  #heartbeat: TimerHandle;

  constructor(
    patterns: readonly (string | GlobPattern)[],
    options: TransportSubscribeOptions,
    config: ResolvedJetStream,
    ports: JetStreamSubscriptionPorts,
  ) {
    const { name, mailbox, credit } = options;
    this.name = name;
    this.#options = options;
    this.#config = config;
    this.#ports = ports;
    const { namespace } = config.nats;
    const { partitions } = config.stream;
    const { order = 'none' } = mailbox;
    const named = options.named !== false;
    this.#plan = readingPlan({ namespace, partitions, name, named, order, patterns });
    this.#recent = new RecentIds(config.consumer.dedupe);
    if (this.#plan.filtered) {
      this.#wanted = new PatternIndex();
      for (const pattern of patterns) this.#wanted.add(pattern, true);
    }
    const { clock, turn } = ports;
    // What does not fit waits in the stream: no policy has anything to drop here.
    this.#feed = new LaneFeed(
      { ...mailbox, overflow: 'block', maxBlocked: Infinity },
      { name, clock, turn, credit, onStart: this.#start, onStop: this.#stop, onDrop: nothing },
    );
  }

  get deliveries(): TransportSubscription['deliveries'] {
    return this.#feed.deliveries;
  }

  detach(): void {
    this.#detached = true;
    for (const source of this.#sources) source.detach();
  }

  status(): MailboxStatus {
    return this.#feed.status();
  }

  /** Gives an event that was given up before to the handler again, past the stream. */
  give(event: EventEnvelope): boolean {
    if (!this.#feed.running) return false;
    this.#feed.offer({
      event,
      attempt: 1,
      lost: false,
      settled: nothing,
      givenUp: (reason, attempt) => this.#copyAlone(event, reason, attempt),
    });
    return true;
  }

  readonly #start = (): void => {
    const opened = this.#open();
    this.#leave = this.#ports.join(this, opened);
    const { clock } = this.#ports;
    const everyMs = this.#config.consumer.ackWaitMs / 3;
    const beat = (): void => {
      for (const source of this.#sources) source.stillWorking(clock.monotonic() - everyMs / 2);
      this.#heartbeat = clock.setTimeout(beat, everyMs, true);
    };
    this.#heartbeat = clock.setTimeout(beat, everyMs, true);
  };

  async #open(): Promise<void> {
    try {
      const manager = await this.#ports.prepared();
      if (this.#stopped) return;
      const { capacity } = this.#feed.mailbox;
      const sources = await openSources(
        manager,
        { name: this.name, named: this.#options.named !== false, plan: this.#plan, capacity, requestBytes },
        this.#config,
        {
          ...this.#ports,
          onMessage: this.#arrived,
          onAgain: (id) => this.#recent.forget(id),
          onLost: this.#lost,
        },
      );
      this.#sources = sources;
      if (this.#stopped) for (const source of sources) source.release();
      else if (this.#detached) for (const source of sources) source.detach();
      else for (const source of sources) source.refill();
    } catch (error) {
      if (!this.#stopped) this.#feed.fail(error instanceof Error ? error : new Error(describeError(error)));
    }
  }

  readonly #stop = (): void => {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#leave();
    this.#ports.clock.clearTimeout(this.#heartbeat);
    // What waits here is in the stream still: it goes to whoever asks next.
    for (const source of this.#sources) source.release();
  };

  readonly #lost = (source: MessageSource): void => {
    source.lose();
    this.#ports.logger.warn(
      { subscriber: this.name, consumer: source.spec.name },
      `another process has taken over a part of ${this.name}; this one leaves it alone`,
    );
  };

  readonly #arrived = (message: Msg, held: HeldMessage): void => {
    let events: ValidEnvelope[];
    try {
      events = this.#ports.format.decode(message.data, message.headers, this.#ports.clock.now());
      this.#checkPlace(message.subject, events);
    } catch (error) {
      this.#copyRaw(message, held, error);
      return;
    }
    held.left += events.length;
    const tooOften = held.deliveries > this.#config.consumer.maxDeliveries;
    for (const event of events) this.#take(event, held, tooOften);
  };

  /** Permissions are by subject: what is inside must be what the subject says. */
  #checkPlace(subject: string, events: readonly EventEnvelope[]): void {
    for (const event of events) {
      if (isSubjectOf(subject, event, 2)) continue;
      throw new CodecError(
        `message on ${subject} holds an event of type ${event.type}, priority ${event.priority}`,
      );
    }
  }

  #take(event: ValidEnvelope, held: HeldMessage, tooOften: boolean): void {
    const arrival = new StreamArrival(event, held, this.#copy);
    held.events.push(arrival);
    if (this.#wanted !== undefined && this.#wanted.match(event.type).length === 0) arrival.settled();
    else if (!this.#recent.add(event.id, this.#ports.clock.monotonic())) arrival.settled();
    else if (tooOften) arrival.givenUp('too-many-deliveries', held.deliveries);
    else {
      const verdict = this.#options.accepts?.(event) ?? true;
      if (verdict === 'dead-lettered') arrival.givenUp('filter-failed', 0);
      else if (verdict === true) this.#feed.offer(arrival);
      else arrival.settled();
    }
  }

  readonly #copy = (arrival: StreamArrival, reason: string | undefined, attempts: number): void => {
    const { held, event } = arrival;
    // The bus has closed, nothing else: the event stays in the stream, for whoever asks next.
    if (reason === 'closed' || held.lost) return;
    const givenUp = this.#givenUp(reason, attempts, held.sequence);
    this.#ports.copies.copy(event, givenUp).then(
      () => arrival.settled(),
      (error: unknown) => this.#notCopied(error, held),
    );
  };

  #copyRaw(message: Msg, held: HeldMessage, fault: unknown): void {
    const why = describeError(fault);
    held.left += 1;
    this.#ports.logger.warn(
      { subscriber: this.name, subject: message.subject, sequence: held.sequence },
      `${this.name} cannot read message ${held.sequence} on ${message.subject}; it goes to the dead letters: ${why}`,
    );
    const givenUp = this.#givenUp('undecodable', held.deliveries, held.sequence);
    this.#ports.copies.copyRaw(message.data, message.headers, givenUp, why).then(
      () => held.settleOne(),
      (error: unknown) => this.#notCopied(error, held),
    );
  }

  #copyAlone(event: EventEnvelope, reason: string | undefined, attempts: number): void {
    if (reason === 'closed') return;
    this.#ports.copies.copy(event, this.#givenUp(reason, attempts)).catch((error: unknown) => {
      this.#ports.logger.error(
        { subscriber: this.name, error },
        `a dead letter of ${this.name} was not copied`,
      );
    });
  }

  #givenUp(reason: string | undefined, attempts: number, sequence?: number): GivenUp {
    const why = reason ?? 'given up';
    return { subscriber: this.name, reason: why, attempts, ...(sequence === undefined ? {} : { sequence }) };
  }

  /** Without its copy the event must not leave the stream's care: it comes again. */
  #notCopied(error: unknown, held: HeldMessage): void {
    if (this.#stopped) return;
    this.#ports.logger.error(
      { subscriber: this.name, error },
      `a dead letter of ${this.name} could not be copied and comes again: ${describeError(error)}`,
    );
    held.giveBack(copyAgainMs);
  }
}

type CopyArrival = (arrival: StreamArrival, reason: string | undefined, attempts: number) => void;

class StreamArrival implements Arrival {
  readonly event: ValidEnvelope;
  readonly held: HeldMessage;
  done = false;
  attempt: number;
  readonly #copy: CopyArrival;

  constructor(event: ValidEnvelope, held: HeldMessage, copy: CopyArrival) {
    this.event = event;
    this.held = held;
    // It may have been tried as often as it was delivered: nobody came back to say.
    this.attempt = held.deliveries;
    this.#copy = copy;
  }

  get lost(): boolean {
    return this.held.lost;
  }

  settled(): void {
    this.done = true;
    this.held.settleOne();
  }

  givenUp(reason: string | undefined, attempt: number): void {
    this.#copy(this, reason, attempt);
  }
}

function nothing(): void {}
