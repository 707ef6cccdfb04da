import { checkOptions, type OptionNames } from '../../streams/event/check-options.ts';
import { checkNumber } from '../options.ts';
import type { Transport, TransportFactory } from '../transport/transport.ts';
import { DuplicateWindow } from './duplicate-window.ts';
import { LinkLine } from './link-line.ts';
import { linkedDeliveries } from './linked-deliveries.ts';
import { LinkedPublisher } from './linked-publisher.ts';
import { withMembers } from './with-members.ts';

/** How a link treats what goes over it: publishes and their answers, deliveries and their settlements. */
export interface FaultyLinkOptions {
  /** Milliseconds that a message takes at most; each draws its own. Default `0`. */
  readonly delayMs?: number;
  /** Share of messages that are lost, 0 to 1. Default `0`. */
  readonly loss?: number;
  /** Share of publishes that arrive twice, 0 to 1. Default `0`. */
  readonly duplicates?: number;
  /** Whether messages overtake those that take longer. Default `false`: they arrive in order, as on one connection. */
  readonly reorder?: boolean;
  /** Milliseconds after which a publish without an answer fails. Default `5_000`. */
  readonly timeoutMs?: number;
  /** Milliseconds after which a delivery comes again that was lost, or whose settlement was. Default `1_000`. */
  readonly ackWaitMs?: number;
  /**
   * Milliseconds in which the far end takes a publish of one id once, as JetStream does: a second is answered as the
   * first. Outlives the bus. Default `0`: it takes each.
   */
  readonly duplicateWindowMs?: number;
}

/** Timers of the platform hold 31 bits. */
const longestMs = 2_147_483_647;
const names: OptionNames<FaultyLinkOptions> = {
  delayMs: true,
  loss: true,
  duplicates: true,
  reorder: true,
  timeoutMs: true,
  ackWaitMs: true,
  duplicateWindowMs: true,
};

/**
 * A network between a bus and its transport, any transport: delays, loses, repeats and reorders messages, and can be cut.
 *
 * As with a broker: a publish whose answer is lost fails, and the events went out all the same; an event whose
 * acknowledgement is lost comes again, with the next attempt; while the link is cut, publishes fail and nothing comes.
 * All is drawn from the seed of the bus. Not over it go requests, publishes to one
 * subscription alone, and those of the bus's own events.
 *
 * @throws RangeError for options out of range.
 * @example
 * ```ts
 * const link = new FaultyLink({ delayMs: 20, loss: 0.05 });
 * const bus = createTestBus({ seed: 7, transport: link.over(memoryTransport()) });
 * link.cut();
 * ```
 */
export class FaultyLink {
  readonly #options: Required<FaultyLinkOptions>;
  readonly #window: DuplicateWindow;
  #cut = false;

  constructor(options: FaultyLinkOptions = {}) {
    const { delayMs = 0, loss = 0, duplicates = 0, reorder = false } = options;
    const { timeoutMs = 5_000, ackWaitMs = 1_000, duplicateWindowMs = 0 } = options;
    checkOptions('a faulty link', options, names);
    checkNumber('delayMs', delayMs, 0, longestMs);
    checkNumber('loss', loss, 0, 1);
    checkNumber('duplicates', duplicates, 0, 1);
    checkNumber('timeoutMs', timeoutMs, 0, longestMs);
    checkNumber('ackWaitMs', ackWaitMs, 0, longestMs);
    checkNumber('duplicateWindowMs', duplicateWindowMs, 0);
    this.#options = { delayMs, loss, duplicates, reorder, timeoutMs, ackWaitMs, duplicateWindowMs };
    this.#window = new DuplicateWindow(duplicateWindowMs);
  }

  /** Whether nothing passes now. */
  get isCut(): boolean {
    return this.#cut;
  }

  /** Nothing passes from now on; what is under way is lost. */
  cut(): void {
    this.#cut = true;
  }

  /** The link is whole again. */
  heal(): void {
    this.#cut = false;
  }

  /** A transport at the other end of this link. */
  over(factory: TransportFactory): TransportFactory {
    return (ports) => {
      const transport = factory(ports);
      const line = new LinkLine({ ...this.#options, isCut: () => this.#cut }, ports);
      const publisher = new LinkedPublisher(transport, {
        ...this.#options,
        line,
        ports,
        window: this.#window,
      });
      const { ackWaitMs } = this.#options;
      return withMembers<Transport>(transport, {
        publish: (events, options) => publisher.publish(events, options),
        get busy() {
          return publisher.waiting > 0 || transport.busy === true;
        },
        subscribe(patterns, options) {
          const subscription = transport.subscribe(patterns, options);
          const deliveries = linkedDeliveries(subscription.deliveries, line, ackWaitMs);
          return withMembers(subscription, { deliveries });
        },
        health: () => {
          const health = transport.health?.() ?? { ready: true, durable: transport.features.durable };
          return this.#cut ? { ...health, ready: false, reason: 'the link is cut' } : health;
        },
      });
    };
  }
}
