import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { BatchError, ClosedError, TransportError } from '../../streams/event/errors.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import { consoleLogger, type Logger } from '../logger.ts';
import type {
  OnSettled,
  Published,
  Transport,
  TransportFactory,
  TransportPorts,
  TransportPublishOptions,
  TransportSubscribeOptions,
  TransportSubscription,
} from '../transport/transport.ts';
import { Turn } from '../transport/turn.ts';
import { type CoreNatsOptions, resolveCore, type ResolvedCore } from './core-options.ts';
import { CorePublisher } from './core-publisher.ts';
import { CoreSubscription } from './core-subscription.ts';
import { GroupCommit } from './group-commit.ts';
import { NatsLink } from './nats-link.ts';
import { raced } from '../transport/raced.ts';
import { SlotTable } from './slot-table.ts';
import { coreSubject } from './subjects.ts';
import { WireFormat } from './wire-message.ts';

/** Messages under way at once; each subject has one. */
const maxInFlight = 1024;

/**
 * Carries events by core NATS: at most once, with the least delay, to whoever listens at that moment.
 *
 * A publish resolves when the server has taken the event from the connection (level `accepted`); whether anybody got
 * it, nobody knows. While the server is away events wait, up to `maxPending` and `publishTimeoutMs`, then their
 * publishes fail. Named subscribers without order share their events with other processes of that name; ordered ones
 * each get all. For events that must not be lost, use `jetStream`.
 *
 * @throws RangeError or TypeError that names the option and the value.
 *
 * @example
 * ```ts no-run
 * const bus = createBus({ transport: nats({ servers: 'nats://127.0.0.1:4222', namespace: 'shop' }) });
 * ```
 */
export function nats(options: CoreNatsOptions = {}): TransportFactory {
  const config = resolveCore(options);
  return (ports) => new CoreTransport(config, ports);
}

class CoreTransport implements Transport {
  readonly name = 'nats';
  readonly features = {
    level: 'accepted',
    durable: false,
    ordered: true,
    shared: true,
    settlements: false,
  } as const;
  readonly #ports: TransportPorts & { readonly logger: Logger };
  readonly #link: NatsLink;
  readonly #format: WireFormat;
  readonly #slots: SlotTable;
  readonly #commit: GroupCommit;
  readonly #publisher: CorePublisher;
  readonly #turn: Turn;
  readonly #subscriptions = new Map<string, CoreSubscription>();
  readonly #opening = new Set<Promise<void>>();
  #wasUp = false;
  #closed = false;

  constructor(config: ResolvedCore, ports: TransportPorts) {
    const { clock, random } = ports;
    const logger = ports.logger ?? consoleLogger();
    this.#ports = { ...ports, logger };
    this.#turn = new Turn(clock);
    this.#link = new NatsLink(config.nats, { clock, random, logger });
    this.#format = new WireFormat(config.codec, config.batching === 'off', config.maxMessageBytes);
    this.#slots = new SlotTable(1, (event) => coreSubject(config.nats.namespace, event));
    this.#publisher = new CorePublisher(this.#link, this.#format, clock);
    const { maxBatchEvents: maxEvents, maxPending, publishTimeoutMs: timeoutMs } = config;
    this.#commit = new GroupCommit(
      { maxEvents, maxInFlight, maxPending, timeoutMs },
      {
        clock,
        slotOf: this.#slots.slotOf,
        ready: () => this.#link.up !== undefined && this.#opening.size === 0,
        send: (batch) => this.#publisher.send(batch),
        onQuiet: () => ports.onIdle?.(),
      },
    );
    this.#link.onUp(() => {
      this.#wasUp = true;
      this.#commit.pump();
    });
  }

  get busy(): boolean {
    return this.#commit.pending > 0;
  }

  async ready(): Promise<void> {
    await this.#link.connected();
    await Promise.all(this.#opening);
  }

  publish(
    events: readonly EventEnvelope[],
    options: TransportPublishOptions = {},
  ): Published | Promise<Published> {
    if (this.#closed) throw new ClosedError('the nats transport is closed; nothing was published');
    if (options.to !== undefined) return this.#give(events, options.to, options.onSettled);
    if (options.noWait === true) {
      throw new TransportError('the nats transport has to wait for its server; use publish or emit');
    }
    const [first, ...more] = events;
    if (first === undefined) return { level: 'accepted', matched: 0 };
    const outcome =
      more.length === 0 ? this.#commit.add(first).outcome(first) : this.#batch(first, more, events);
    if (!this.#wasUp) void this.#link.connected().catch((error: Error) => this.#commit.fail(error));
    return options.signal === undefined ? outcome : raced(outcome, options.signal);
  }

  subscribe(
    patterns: readonly (string | GlobPattern)[],
    options: TransportSubscribeOptions,
  ): TransportSubscription {
    if (this.#closed) throw new ClosedError('the nats transport is closed; nothing was subscribed');
    const { name } = options;
    if (this.#subscriptions.has(name)) {
      throw new TypeError(`a subscription named ${name} exists already; names are unique`);
    }
    return new CoreSubscription(patterns, options, {
      ...this.#ports,
      turn: this.#turn,
      link: this.#link,
      format: this.#format,
      join: (subscription, opened) => this.#join(subscription, opened),
    });
  }

  detach(): void {
    for (const subscription of this.#subscriptions.values()) subscription.detach();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#link.up !== undefined) await this.#commit.whenQuiet();
    this.#commit.close();
    this.#publisher.close();
    await this.#link.close();
  }

  #batch(
    first: EventEnvelope,
    more: readonly EventEnvelope[],
    all: readonly EventEnvelope[],
  ): Promise<Published> {
    const slot = this.#slots.slotOf(first);
    const at = more.findIndex((event) => this.#slots.slotOf(event) !== slot);
    if (at < 0) return this.#commit.addAll(all, slot).outcome();
    throw new BatchError(
      `a batch on NATS is one message, of one type and priority: event ${at + 1} has another than the first. ` +
        'Publish them one by one',
      at + 1,
    );
  }

  #join(subscription: CoreSubscription, opened: Promise<void>): () => void {
    this.#subscriptions.set(subscription.name, subscription);
    this.#opening.add(opened);
    void opened.finally(() => {
      this.#opening.delete(opened);
      this.#commit.pump();
    });
    return () => {
      this.#subscriptions.delete(subscription.name);
    };
  }

  #give(events: readonly EventEnvelope[], name: string, onSettled?: OnSettled): Published {
    const subscription = this.#subscriptions.get(name);
    const matched = events.filter((event) => subscription?.give(event, onSettled) === true).length;
    return { level: 'accepted', matched };
  }
}
