import type { Clock } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import type { Logger } from '../logger.ts';
import { GivenArrival } from '../transport/given-arrival.ts';
import { LaneFeed } from '../transport/lane-feed.ts';
import type {
  MailboxStatus,
  OnSettled,
  TransportSubscribeOptions,
  TransportSubscription,
} from '../transport/transport.ts';
import type { Turn } from '../transport/turn.ts';
import type { EntryFormat } from './entry-format.ts';
import { EntryIntake } from './entry-intake.ts';
import { EntrySettler } from './entry-settler.ts';
import type { EntrySource, TakeEntry } from './entry-source.ts';
import { GroupOwner } from './group-owner.ts';
import { GroupSource } from './group-source.ts';
import { HeldEntry } from './held-entry.ts';
import { describeFailure } from './redis-failure.ts';
import type { RedisKeys } from './redis-keys.ts';
import type { RedisLink } from './redis-link.ts';
import type { ResolvedRedis } from './redis-options.ts';
import type { StreamBell } from './stream-bell.ts';
import { type SourcePorts, TailSource } from './tail-source.ts';

export interface RedisSubscriptionPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly turn: Turn;
  readonly link: RedisLink;
  readonly bell: StreamBell;
  readonly format: EntryFormat;
  readonly keys: RedisKeys;
  /** This process, as the server knows it; once it is connected. */
  readonly member: () => string;
  readonly lift?: (event: EventEnvelope) => EventEnvelope;
  readonly join: (subscription: RedisSubscription, opened: Promise<void>) => (ended: Promise<void>) => void;
}

/** Milliseconds before reading is tried again after the server said no. */
const againMs = 1000;

/**
 * One subscription to the stream: entries are taken apart into events, which wait in lanes.
 *
 *     stream ─► entries ─► events ─► lanes ─► handler
 *        ▲ acknowledge when all events of an entry are settled ◄─┘
 */
export class RedisSubscription implements TransportSubscription {
  readonly name: string;
  readonly durable: boolean;
  readonly #options: TransportSubscribeOptions;
  readonly #config: ResolvedRedis;
  readonly #ports: RedisSubscriptionPorts;
  readonly #feed: LaneFeed;
  readonly #intake: EntryIntake;
  #source: EntrySource | undefined;
  #settler: EntrySettler | undefined;
  /** Stores dead letters of what has no entry to acknowledge. */
  readonly #letters: EntrySettler;
  #stopped = false;
  #detached = false;
  #troubled = false;
  #leave: (ended: Promise<void>) => void = nothing;

  constructor(
    patterns: readonly (string | GlobPattern)[],
    options: TransportSubscribeOptions,
    config: ResolvedRedis,
    ports: RedisSubscriptionPorts,
  ) {
    const { name, mailbox, credit } = options;
    this.name = name;
    this.durable = options.durable === true;
    this.#options = options;
    this.#config = config;
    this.#ports = ports;
    const { clock, turn } = ports;
    // What does not fit waits in the stream: no policy has anything to drop here.
    this.#feed = new LaneFeed(
      { ...mailbox, overflow: 'block', maxBlocked: Infinity },
      { name, clock, turn, credit, onStart: this.#start, onStop: this.#stop, onDrop: nothing },
    );
    this.#letters = this.#settlerOf('', '');
    this.#intake = new EntryIntake(patterns, options, config, {
      ...ports,
      feed: this.#feed,
      onRoom: () => this.#source?.refill(),
      onDone: this.#done,
    });
  }

  get deliveries(): TransportSubscription['deliveries'] {
    return this.#feed.deliveries;
  }

  detach(): void {
    this.#detached = true;
    this.#source?.detach();
  }

  status(): MailboxStatus {
    return this.#feed.status();
  }

  /** Gives an event that was given up before to the handler again, past the stream. */
  give(event: EventEnvelope, onSettled?: OnSettled): boolean {
    if (!this.#feed.running) return false;
    const again = (reason: string | undefined, attempt: number): void => {
      const letter = new HeldEntry('0-0', 1, nothing, nothing);
      letter.letters.push(this.#intake.copy(event, reason ?? 'given up', attempt));
      if (reason !== 'closed') this.#letters.add(letter);
    };
    this.#feed.offer(new GivenArrival(event, this.name, onSettled, again));
    return true;
  }

  readonly #start = (): void => {
    this.#leave = this.#ports.join(this, this.#open());
  };

  async #open(): Promise<void> {
    try {
      await this.#ports.link.connected();
      if (this.#stopped) return;
      this.#source = this.durable ? this.#group() : this.#tail();
      await this.#source.open();
      if (this.#stopped) await this.#source.release();
      else if (this.#detached) this.#source.detach();
    } catch (error) {
      await this.#source?.release();
      if (!this.#stopped) this.#feed.fail(error instanceof Error ? error : new Error(describeError(error)));
    }
  }

  #tail(): TailSource {
    return new TailSource(this.#ports.keys.events, this.#options.from ?? 'now', this.#sourcePorts());
  }

  #group(): GroupSource {
    const { clock, link, keys, member } = this.#ports;
    const { claimAfterMs, ownerLeaseMs } = this.#config;
    const ordered = (this.#options.mailbox.order ?? 'none') !== 'none';
    const token = member();
    const owner = ordered
      ? new GroupOwner(
          { key: keys.owner(this.name), token, leaseMs: ownerLeaseMs },
          { link, clock, onChange: (owning) => this.#owned(owning, source) },
        )
      : undefined;
    this.#settler = this.#settlerOf(this.name, ordered ? token : '', () => owner?.lose());
    const source: GroupSource = new GroupSource(
      { group: this.name, consumer: token, from: this.#options.from ?? 'now', claimAfterMs },
      {
        ...this.#sourcePorts(),
        clock,
        keys,
        owner,
        held: this.#intake.held,
        working: () => [...this.#intake.held.keys()],
        onLost: (ids) => this.#intake.lose(ids),
        onTrimmed: this.#trimmed,
      },
    );
    return source;
  }

  #settlerOf(group: string, token: string, onFenced: () => void = nothing): EntrySettler {
    const { maxDeadLetters } = this.#config;
    const onSettled = ({ id }: HeldEntry): void => {
      this.#intake.held.delete(id);
    };
    return new EntrySettler(
      { subscriber: this.name, group, token, maxDeadLetters },
      { ...this.#ports, onSettled, onFenced },
    );
  }

  #sourcePorts(): SourcePorts {
    const { link, bell } = this.#ports;
    return { link, bell, room: this.#room, take: this.#take, onTrouble: this.#trouble };
  }

  readonly #stop = (): void => {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#leave(this.#finish());
  };

  /** What is settled is said; what is not goes to whoever asks next. */
  async #finish(): Promise<void> {
    this.#source?.detach();
    await Promise.all([this.#settler?.whenIdle(), this.#letters.whenIdle()]);
    await this.#source?.release();
  }

  readonly #room = (): number => (this.#detached || this.#stopped ? 0 : this.#intake.room());

  readonly #take: TakeEntry = (entry, deliveries) => {
    if (this.#stopped) return;
    this.#troubled = false;
    this.#intake.take(entry, deliveries);
  };

  readonly #done = (held: HeldEntry): void => {
    if (this.durable) this.#settler?.add(held);
    else {
      this.#intake.held.delete(held.id);
      if (held.letters.length > 0) this.#letters.add(held);
    }
  };

  #owned(owning: boolean, source: GroupSource): void {
    if (!owning) {
      this.#ports.logger.warn({ subscriber: this.name }, `${this.name} is not this process's any more`);
      this.#settler?.drop();
      this.#intake.lose([...this.#intake.held.keys()]);
    }
    source.owned(owning);
  }

  readonly #trimmed = (count: number): void => {
    this.#ports.logger.error(
      { subscriber: this.name, count },
      `${count} entries of ${this.name} were deleted before they were handled: the stream was full; raise maxEntries`,
    );
  };

  readonly #trouble = async (error: unknown): Promise<void> => {
    const { clock, logger, link } = this.#ports;
    if (!this.#troubled) {
      logger.error(
        { subscriber: this.name },
        `${this.name} cannot read from ${link.where}: ${describeFailure(error)}`,
      );
    }
    this.#troubled = true;
    await new Promise<void>((resolve) => clock.setTimeout(resolve, againMs, true));
  };
}

function nothing(): void {}
