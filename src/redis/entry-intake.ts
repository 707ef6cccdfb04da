import type { Clock } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope, ValidEnvelope } from '../../streams/event/envelope.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import { PatternIndex } from '../../streams/event/pattern-index.ts';
import { RecentIds } from '../../streams/queue/recent-ids.ts';
import type { Logger } from '../logger.ts';
import type { LaneFeed } from '../transport/lane-feed.ts';
import type { TransportSubscribeOptions } from '../transport/transport.ts';
import type { EntryFormat } from './entry-format.ts';
import type { TakeEntry } from './entry-source.ts';
import { type CopyEvent, EntryArrival, HeldEntry } from './held-entry.ts';
import type { ResolvedRedis } from './redis-options.ts';
import { entryFields } from './stream-reply.ts';

export interface EntryIntakePorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly format: EntryFormat;
  readonly feed: LaneFeed;
  readonly lift?: (event: EventEnvelope) => EventEnvelope;
  /** There is room for more. */
  readonly onRoom: () => void;
  /** All events of an entry are settled. */
  readonly onDone: (held: HeldEntry) => void;
}

/** Entries asked for at once. */
const maxRead = 256;
/** How fast the estimate of an entry's events follows when entries become smaller. When they become larger, at once. */
const decay = 0.1;

/**
 * Takes the entries of one subscription apart into events, and lets into the lanes what is wanted.
 *
 * What is in no pattern, known already or filtered settles at once; what cannot be read or lifted is given up.
 */
export class EntryIntake {
  /** Entries that are here and not known to be acknowledged, by id. */
  readonly held = new Map<string, HeldEntry>();
  readonly #name: string;
  readonly #options: TransportSubscribeOptions;
  readonly #maxDeliveries: number;
  readonly #ports: EntryIntakePorts;
  readonly #wanted = new PatternIndex<true>();
  readonly #recent: RecentIds;
  /** Events that are not settled. */
  #events = 0;
  #perEntry = 1;

  constructor(
    patterns: readonly (string | GlobPattern)[],
    options: TransportSubscribeOptions,
    { dedupe, maxDeliveries }: ResolvedRedis,
    ports: EntryIntakePorts,
  ) {
    this.#name = options.name;
    this.#options = options;
    this.#maxDeliveries = maxDeliveries;
    this.#ports = ports;
    this.#recent = new RecentIds(dedupe);
    for (const pattern of patterns) this.#wanted.add(pattern, true);
  }

  /** Entries to read: as many as probably hold what there is room for. */
  room(): number {
    const free = this.#ports.feed.mailbox.capacity - this.#events;
    if (free <= 0) return 0;
    return Math.min(maxRead, Math.max(1, Math.floor(free / this.#perEntry)));
  }

  /** Takes an entry apart; one that cannot be read is given up as it is. */
  readonly take: TakeEntry = ({ id, fields }, deliveries) => {
    const { held: all } = this;
    if (all.has(id)) return;
    const held = new HeldEntry(id, deliveries, this.#eventSettled, this.#ports.onDone);
    all.set(id, held);
    const given = entryFields(fields);
    try {
      const events = this.#ports.format.decode(given, this.#ports.clock.now());
      held.left = events.length;
      this.#events += events.length;
      this.#perEntry = Math.max(events.length, 1, this.#perEntry - (this.#perEntry - events.length) * decay);
      for (const event of events) this.#offer(event, held);
    } catch (error) {
      const why = describeError(error).slice(0, 500);
      held.letters.push({ ...given, reason: `undecodable: ${why}`, attempts: deliveries });
      this.#ports.logger.warn(
        { subscriber: this.#name, entry: id },
        `${this.#name} cannot read entry ${id}; it goes to the dead letters: ${why}`,
      );
    }
    held.opened();
  };

  #offer(event: ValidEnvelope, held: HeldEntry): void {
    const arrival = new EntryArrival(event, held, this.copy);
    held.events.push(arrival);
    const wanted = this.#wanted.match(event.type).length > 0;
    if (!wanted || !this.#recent.add(event.id, this.#ports.clock.monotonic())) {
      this.#settleNow(arrival);
      return;
    }
    if (held.deliveries > this.#maxDeliveries) {
      this.#giveUpNow(arrival, 'too-many-deliveries', held.deliveries);
      return;
    }
    try {
      arrival.event = this.#ports.lift?.(event) ?? event;
    } catch (error) {
      this.#options.onUnreadable?.(event, error);
      this.#giveUpNow(arrival, 'unreadable', held.deliveries);
      return;
    }
    const verdict = this.#options.accepts?.(arrival.event) ?? true;
    if (verdict === true) this.#ports.feed.offer(arrival);
    else if (verdict === 'dead-lettered') this.#giveUpNow(arrival, 'filter-failed', 0);
    else this.#settleNow(arrival);
  }

  /** Before its entry is opened, an event that settles is not counted by it. */
  #settleNow(arrival: EntryArrival): void {
    this.#events -= 1;
    arrival.settled();
  }

  #giveUpNow(arrival: EntryArrival, reason: string, attempts: number): void {
    this.#events -= 1;
    arrival.givenUp(reason, attempts);
  }

  /** The copy of an event for the dead letters. */
  readonly copy: CopyEvent = (event, reason, attempts) => {
    return { ...this.#ports.format.encode([event]), reason: reason.slice(0, 500), attempts };
  };

  readonly #eventSettled = (): void => {
    this.#events -= 1;
    if (this.#ports.feed.mailbox.capacity - this.#events >= this.#perEntry) this.#ports.onRoom();
  };

  /** Another process has these entries: what is left of them is not ours to start, nor to acknowledge. */
  lose(ids: readonly string[]): void {
    for (const id of ids) {
      const held = this.held.get(id);
      if (held === undefined) continue;
      this.held.delete(id);
      held.lost = true;
      this.#events -= held.left;
      // They may come back, and are then no duplicates.
      for (const { event, done } of held.events) if (!done) this.#recent.forget(event.id);
    }
  }
}
