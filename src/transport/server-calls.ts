import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { ClosedError, TransportError } from '../../streams/event/errors.ts';
import type { PublishLevel } from '../publish-level.ts';
import { raced } from './raced.ts';
import type { OnSettled, Published, TransportPublishOptions } from './transport.ts';

/** A subscription whose events come from a server. */
export interface ServerSubscription {
  readonly name: string;
  detach(): void;
  /** Takes an event that was given up before, past the server. False when it takes none now. */
  give(event: EventEnvelope, onSettled?: OnSettled): boolean;
}

const none: TransportPublishOptions = {};

/** How a transport sends what its server is to have. */
export interface ServerSending {
  readonly level: PublishLevel;
  send(events: readonly [EventEnvelope, ...EventEnvelope[]], together: boolean): Promise<Published>;
}

/**
 * What is the same in all transports that speak to a server: names are unique, calls after the end are refused, what
 * was given up goes past the server, and nothing is sent while subscribers are on their way that were there before.
 */
export class ServerCalls {
  readonly #transport: string;
  readonly #onOpened: () => void;
  readonly #subscriptions = new Map<string, ServerSubscription>();
  readonly #opening = new Set<Promise<void>>();
  #closed = false;

  /** `onOpened` is called each time when one subscriber less is on its way. */
  constructor(transport: string, onOpened: () => void) {
    this.#transport = transport;
    this.#onOpened = onOpened;
  }

  /** Whether subscribers are on their way: what is sent now, they might miss. */
  get opening(): boolean {
    return this.#opening.size > 0;
  }

  async whenOpen(): Promise<void> {
    await Promise.all(this.#opening);
  }

  /** @throws ClosedError, TransportError; what `sending` throws. */
  publish(
    events: readonly EventEnvelope[],
    { to, onSettled, noWait, signal, together = false }: TransportPublishOptions = none,
    sending: ServerSending,
  ): Published | Promise<Published> {
    this.#refuseClosed('published');
    if (to !== undefined) {
      const subscription = this.#subscriptions.get(to);
      const matched = events.filter((event) => subscription?.give(event, onSettled) === true).length;
      return { level: 'accepted', matched };
    }
    if (noWait === true) {
      throw new TransportError(
        `the ${this.#transport} transport has to wait for its server; use publish or emit`,
      );
    }
    if (!isSome(events)) return { level: sending.level, matched: 0 };
    const outcome = sending.send(events, together);
    return signal === undefined ? outcome : raced(outcome, signal);
  }

  /** Whether a subscription may begin under that name. @throws ClosedError, TypeError */
  check(name: string): void {
    this.#refuseClosed('subscribed');
    if (!this.#subscriptions.has(name)) return;
    throw new TypeError(`a subscription named ${name} exists already; names are unique`);
  }

  /** A subscription begins, and is there once `opened` is settled; gives what ends it. */
  join(subscription: ServerSubscription, opened: Promise<void>): () => void {
    this.#subscriptions.set(subscription.name, subscription);
    this.#opening.add(opened);
    void opened.finally(() => {
      this.#opening.delete(opened);
      this.#onOpened();
    });
    return () => {
      this.#subscriptions.delete(subscription.name);
    };
  }

  detach(): void {
    for (const subscription of this.#subscriptions.values()) subscription.detach();
  }

  /** Refuses all calls from now on; false when it does so already. */
  close(): boolean {
    if (this.#closed) return false;
    this.#closed = true;
    return true;
  }

  #refuseClosed(done: string): void {
    if (this.#closed)
      throw new ClosedError(`the ${this.#transport} transport is closed; nothing was ${done}`);
  }
}

function isSome(events: readonly EventEnvelope[]): events is readonly [EventEnvelope, ...EventEnvelope[]] {
  return events.length > 0;
}
