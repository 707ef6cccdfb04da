import type { Observable } from 'rxjs';
import type { Clock } from '../../streams/event/clock.ts';
import type { Delivery } from '../../streams/event/delivery.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { Settlement } from '../../streams/event/outcome.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import type { Random } from '../../streams/event/random.ts';
import type { Credit } from '../../streams/queue/credit.ts';
import type { DropReason, MailboxOptions } from '../../streams/queue/mailbox.ts';
import type { Exchange } from '../exchange.ts';
import type { ReadableLog } from '../event-log.ts';
import type { Logger } from '../logger.ts';
import type { PublishLevel } from '../publish-level.ts';
import type { SharedEntities } from '../shared-entities.ts';
import type { SnapshotStore } from '../snapshot-store.ts';
import type { StartFrom } from '../start-from.ts';
import type { Store } from '../store.ts';

/** What a transport can do; the conformance suite holds it to what it declares. */
export interface TransportFeatures {
  /** The strongest level that its publishes reach. */
  readonly level: PublishLevel;
  /** Events outlive the process. */
  readonly durable: boolean;
  /** `order: 'key'` and `'total'` hold. */
  readonly ordered: boolean;
  /** Several processes may share one named subscription. */
  readonly shared: boolean;
  /** `onSettled` is called for each subscriber of a publish. */
  readonly settlements: boolean;
}

/** Says what one subscriber did with one event, once it is final. */
export type OnSettled = (
  event: EventEnvelope,
  subscriber: string,
  settlement: Settlement,
  detail?: unknown,
) => void;

/** A handler call that publishes, told from others by identity. */
export interface PublishOrigin {
  /** Name of the subscriber whose handler it is. */
  readonly subscriber: string;
}

export interface TransportPublishOptions {
  /** The handler call that publishes, if one does: a publish that would wait for it must fail instead. */
  readonly origin?: PublishOrigin;
  /** Refuse rather than wait for room. */
  readonly noWait?: boolean;
  /** Only to the subscription of this name. */
  readonly to?: string;
  /** Gives up waiting for room; the events themselves have entered and stay. */
  readonly signal?: AbortSignal;
  /** Called for each event and each subscriber that it reached, when that subscriber is done with it. */
  readonly onSettled?: OnSettled;
  /**
   * The caller looks for the event in `faults`: where events of several publishes travel together, one promise may then
   * serve them all. For one event; a transport may take no notice.
   */
  readonly together?: boolean;
}

/** What a publish reached. */
export interface Published {
  readonly level: PublishLevel;
  /** How many subscriptions the events reached, all events together; -1 where the transport cannot know. */
  readonly matched: number;
  /** The same for each event of a batch, where the transport knows it. */
  readonly matchedEach?: readonly number[];
  /** Where the first event stands in the log, if there is one; event `i` of the batch stands at `first + i`. */
  readonly first?: number;
  /** Why events that travelled together were not taken, though the others were, by their ids. Only with `together`. */
  readonly faults?: ReadonlyMap<string, Error>;
}

export interface TransportSubscribeOptions {
  /** Unique in the process; with a durable transport the name under which the position is kept. */
  readonly name: string;
  /** What the subscriber lets through. The transport pokes nothing else and emits only within it. */
  readonly credit: Credit;
  /** Where events wait for credit. */
  readonly mailbox: MailboxOptions;
  /**
   * Whether an event is wanted. False settles it at once, as `filtered`; a settlement says what became of it
   * instead. Must not throw.
   */
  readonly accepts?: (event: EventEnvelope) => boolean | 'dead-lettered' | 'dropped';
  /** An event that was accepted did not get in after all: what `accepts` remembers of it is to be forgotten. */
  readonly onRefused?: (event: EventEnvelope) => void;
  /** Called for each event that the mailbox's policy drops, and when the subscription ends with events waiting. */
  readonly onDrop?: (event: EventEnvelope, reason: DropReason) => 'dead-lettered' | void;
  /**
   * Keeps the place under the name, where the transport has a log: the next subscription of that name goes on
   * there, also after a restart. Default: nothing is kept.
   */
  readonly durable?: boolean;
  /** Where it begins when no place is kept; transports without a log know `'now'` alone. Default `'now'`. */
  readonly from?: StartFrom;
  /** Called when nothing is left to be read from a log, with no delivery to say so. */
  readonly onCaughtUp?: () => void;
  /** Some deliveries may belong to another process by now: those that say `revoked`. */
  readonly onRevoked?: (reason: Error) => void;
  /** An event of the log can no longer be given in the form that subscribers take. True: it is in the dead letters. */
  readonly onUnreadable?: (event: EventEnvelope, error: unknown) => boolean;
}

/** How full a subscription's mailbox is. */
export interface MailboxStatus {
  readonly capacity: number;
  /** Waiting in the lanes, by lane. */
  readonly depths: readonly [critical: number, high: number, normal: number, low: number];
  /** Waiting for their retry. */
  readonly parked: number;
  /** Entered, but over capacity: their publishers wait. */
  readonly blocked: number;
  /** Positions of the log still to be read, where there is one: events that wait there, or more. */
  readonly lag?: number;
}

/** Whether a transport can keep what it is given. */
export interface TransportHealth {
  /** Publishes are taken. */
  readonly ready: boolean;
  /** What they are told to have reached outlives the process. */
  readonly durable: boolean;
  /** What is wrong, if something is. */
  readonly reason?: string;
}

/** A stream of deliveries, with what an operator of it wants to see and say. */
export interface TransportSubscription {
  /** Emits within the credit. Subscribing to it starts the subscription; unsubscribing ends it. */
  readonly deliveries: Observable<Delivery>;
  /** What is not settled when it ends comes again to the next subscription of its name. */
  readonly durable?: boolean;
  /** Takes no more events from publishers; those that wait are still delivered. */
  detach(): void;
  status(): MailboxStatus;
}

/**
 * Carries events from publishers to subscriptions.
 *
 * Obligations. `publish`: when it returns or resolves, every event has reached every matching subscription
 * (its mailbox or its policy's verdict) at the level it says; a failure is a typed rejection, never silence.
 * A batch is all or nothing for each subscription. `subscribe`: emits a delivery only within the credit;
 * each delivery is settled once; `nak` brings the event again, with `attempt` one higher, in its old place.
 * With `order: 'key'`, two deliveries of one key are never unsettled at one time. `close` is idempotent.
 */
export interface Transport {
  readonly name: string;
  readonly features: TransportFeatures;
  /** Where its events are kept, if they are. The transport closes it. */
  readonly store?: Store;
  /** What it offers to entities that several processes share. */
  readonly entities?: SharedEntities;
  /**
   * Carries questions and their answers to other processes. Where it is absent, the bus carries them itself, unless the
   * transport is `shared`: then there is nobody to ask.
   */
  readonly exchange?: Exchange;
  /** Small states that all processes on it see, with linearizable reads: where they share a breaker, say. */
  readonly sharedState?: SnapshotStore;
  /** What can be read of its events, where it has no store that it alone writes to. */
  readonly log?: ReadableLog;
  /** Publishes are under way whose events have not reached their subscriptions yet. */
  readonly busy?: boolean;
  /** A promise only where it has to wait: for room, for a disk, for a server. */
  publish(
    events: readonly EventEnvelope[],
    options?: TransportPublishOptions,
  ): Published | Promise<Published>;
  /**
   * Whether anybody gets events of this type, for transports that know: of those that reach nobody the
   * bus checks the payload and makes no event. Must be cheap.
   */
  hears?(type: string): boolean;
  /** Forgets the place of a subscription that has ended, here or in a run before. */
  forget?(name: string): Promise<void>;
  /** Default: ready, and durable as its features say. */
  health?(): TransportHealth;
  /** An event that several of the patterns match comes once. */
  subscribe(
    patterns: readonly (string | GlobPattern)[],
    options: TransportSubscribeOptions,
  ): TransportSubscription;
  /** Resolves when it can carry events; rejects with what is in the way. Absent where it always can. */
  ready?(): Promise<void>;
  /** Takes no more events from elsewhere; those that wait here are still delivered. The bus is about to close. */
  detach?(): void;
  close(): Promise<void>;
}

/** What a transport is given by its bus. */
export interface TransportPorts {
  readonly clock: Clock;
  readonly random: Random;
  /** Where operators are told what they should know. */
  readonly logger?: Logger;
  /** Publishes one of the bus's own events: `storage.failed` becomes `breakwater.storage.failed`. */
  readonly announce?: (type: string, data: object) => void;
  /** It is `busy` no more. */
  readonly onIdle?: () => void;
  /** Gives an event that was read the form that its definition has now. @throws ValidationError */
  readonly lift?: (event: EventEnvelope) => EventEnvelope;
}

/** Makes the transport of one bus: `memoryTransport()`, `noopTransport()` and their kin give one. */
export type TransportFactory = (ports: TransportPorts) => Transport;
