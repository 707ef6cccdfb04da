import type { Observable } from 'rxjs';
import type { Clock } from '../../streams/event/clock.ts';
import type { Delivery } from '../../streams/event/delivery.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { Settlement } from '../../streams/event/outcome.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import type { Random } from '../../streams/event/random.ts';
import type { Credit } from '../../streams/queue/credit.ts';
import type { DropReason, MailboxOptions } from '../../streams/queue/mailbox.ts';

/** How far an event had come when its publish resolved, weakest first. */
export type PublishLevel = 'none' | 'accepted' | 'os' | 'disk' | 'replicated';

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
}

/** What a publish reached. */
export interface Published {
  readonly level: PublishLevel;
  /** How many subscriptions the events reached, all events together; -1 where the transport cannot know. */
  readonly matched: number;
  /** The same for each event of a batch, where the transport knows it. */
  readonly matchedEach?: readonly number[];
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
}

/** A stream of deliveries, with what an operator of it wants to see and say. */
export interface TransportSubscription {
  /** Emits within the credit. Subscribing to it starts the subscription; unsubscribing ends it. */
  readonly deliveries: Observable<Delivery>;
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
  /** An event that several of the patterns match comes once. */
  subscribe(
    patterns: readonly (string | GlobPattern)[],
    options: TransportSubscribeOptions,
  ): TransportSubscription;
  close(): Promise<void>;
}

/** What a transport is given by its bus. */
export interface TransportPorts {
  readonly clock: Clock;
  readonly random: Random;
}

/** Makes the transport of one bus: `memoryTransport()`, `noopTransport()` and their kin give one. */
export type TransportFactory = (ports: TransportPorts) => Transport;
