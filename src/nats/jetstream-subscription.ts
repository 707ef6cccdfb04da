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
import type { SnapshotStore } from '../snapshot-store.ts';
import type {
  MailboxStatus,
  OnSettled,
  TransportSubscribeOptions,
  TransportSubscription,
} from '../transport/transport.ts';
import type { Turn } from '../transport/turn.ts';
import type { Acknowledger } from './acknowledger.ts';
import type { DeadLetterCopies } from './dead-letter-copies.ts';
import type { HeldMessage } from './held-message.ts';
import type { ResolvedJetStream } from './jetstream-options.ts';
import { readingPlan, type ReadingPlan } from './jetstream-plan.ts';
import { GivenArrival } from '../transport/given-arrival.ts';
import { LaneFeed } from '../transport/lane-feed.ts';
import type { NatsLink } from './nats-link.ts';
import { type EventSource, openSources } from './open-sources.ts';
import { StreamArrival } from './stream-arrival.ts';
import { StreamGiverUp } from './stream-giver-up.ts';
import { strayAmong } from './subjects.ts';
import type { WireFormat } from './wire-message.ts';

export interface JetStreamSubscriptionPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly turn: Turn;
  readonly link: NatsLink;
  readonly logger: Logger;
  readonly format: WireFormat;
  /** Gives an event the form that its definition has now. @throws ValidationError */
  readonly lift?: (event: EventEnvelope) => EventEnvelope;
  readonly acknowledger: Acknowledger;
  readonly copies: DeadLetterCopies;
  readonly state: SnapshotStore;
  /** Resolves when connected, and the streams are there as wanted. */
  readonly prepared: () => Promise<JetStreamManager>;
  readonly join: (subscription: JetStreamSubscription, opened: Promise<void>) => () => void;
  /** It leaves what it shared with other processes; `now` makes it do so without waiting for handlers. */
  readonly leaving: (left: Promise<void>, now: () => void) => void;
}

/** Bytes that one request to a consumer may bring. */
const requestBytes = 8 * 1024 * 1024;

/**
 * One subscription to a stream: its consumers' messages are taken apart into events, which wait in lanes.
 *
 *     consumers ─► messages ─► events ─► lanes ─► handler
 *         ▲ acknowledge when all events of a message are settled ◄─┘
 */
export class JetStreamSubscription implements TransportSubscription {
  readonly name: string;
  readonly durable: boolean;
  readonly #options: TransportSubscribeOptions;
  readonly #config: ResolvedJetStream;
  readonly #ports: JetStreamSubscriptionPorts;
  readonly #feed: LaneFeed;
  readonly #plan: ReadingPlan;
  readonly #wanted: PatternIndex<true> | undefined;
  readonly #recent: RecentIds;
  readonly #giverUp: StreamGiverUp;
  #sources: readonly EventSource[] = [];
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
    this.durable = options.durable === true;
    const named = this.durable;
    this.#plan = readingPlan({ namespace, partitions, name, named, order, patterns });
    this.#recent = new RecentIds(config.consumer.dedupe);
    this.#giverUp = new StreamGiverUp(name, ports);
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
  give(event: EventEnvelope, onSettled?: OnSettled): boolean {
    if (!this.#feed.running) return false;
    const again = (reason: string | undefined, attempt: number): void =>
      this.#giverUp.copyAlone(event, reason, attempt);
    this.#feed.offer(new GivenArrival(event, this.name, onSettled, again));
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
        {
          name: this.name,
          named: this.durable,
          from: this.#options.from ?? 'now',
          plan: this.#plan,
          capacity,
          requestBytes,
        },
        this.#config,
        {
          ...this.#ports,
          onMessage: this.#arrived,
          onAgain: (id) => this.#recent.forget(id),
          onRevoked: (reason) => this.#options.onRevoked?.(reason),
        },
      );
      this.#sources = sources;
      if (this.#stopped) this.#release();
      else if (this.#detached) for (const source of sources) source.detach();
    } catch (error) {
      if (!this.#stopped) this.#feed.fail(error instanceof Error ? error : new Error(describeError(error)));
    }
  }

  readonly #stop = (): void => {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#giverUp.stop();
    this.#leave();
    this.#ports.clock.clearTimeout(this.#heartbeat);
    // What waits here is in the stream still: it goes to whoever asks next.
    this.#release();
  };

  #release(): void {
    for (const source of this.#sources) {
      const left = source.release();
      if (left !== undefined) this.#ports.leaving(left, () => void source.abandon?.());
    }
  }

  readonly #arrived = (message: Msg, held: HeldMessage): void => {
    let events: ValidEnvelope[];
    try {
      events = this.#ports.format.decode(message.data, message.headers, this.#ports.clock.now());
      checkPlace(message.subject, events);
    } catch (error) {
      this.#giverUp.copyRaw(message, held, error);
      return;
    }
    held.left += events.length;
    let place = 0;
    for (const event of events) {
      this.#take(event, place, held);
      place += 1;
    }
  };

  #take(event: ValidEnvelope, place: number, held: HeldMessage): void {
    const arrival = new StreamArrival(event, place, held, this.#giverUp.copy);
    held.events.push(arrival);
    if (held.settledBefore?.has(place) === true) {
      arrival.settled();
      return;
    }
    const wanted = this.#wanted === undefined || this.#wanted.match(event.type).length > 0;
    if (!wanted || !this.#recent.add(event.id, held.arrivedAt)) arrival.settled();
    else if (held.deliveries > this.#config.consumer.maxDeliveries)
      arrival.givenUp('too-many-deliveries', held.deliveries);
    else if (this.#lift(arrival)) this.#offer(arrival);
  }

  #offer(arrival: StreamArrival): void {
    const verdict = this.#options.accepts?.(arrival.event) ?? true;
    if (verdict === true) this.#feed.offer(arrival);
    else if (verdict === 'dead-lettered') arrival.givenUp('filter-failed', 0);
    else arrival.settled();
  }

  /** Gives an event of an older program the form that it has now; one that cannot be given it is given up. */
  #lift(arrival: StreamArrival): boolean {
    try {
      arrival.event = this.#ports.lift?.(arrival.event) ?? arrival.event;
      return true;
    } catch (error) {
      this.#options.onUnreadable?.(arrival.event, error);
      arrival.givenUp('unreadable', arrival.held.deliveries);
      return false;
    }
  }
}

/** Permissions are by subject: what is inside must be what the subject says. */
function checkPlace(subject: string, events: readonly EventEnvelope[]): void {
  const stray = strayAmong(events, subject, 2);
  if (stray === undefined) return;
  throw new CodecError(
    `message on ${subject} holds an event of type ${stray.type}, priority ${stray.priority}`,
  );
}

function nothing(): void {}
