import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import { consoleLogger, type Logger } from '../logger.ts';
import type {
  Published,
  Transport,
  TransportFactory,
  TransportHealth,
  TransportPorts,
  TransportPublishOptions,
  TransportSubscribeOptions,
  TransportSubscription,
} from '../transport/transport.ts';
import { ServerCalls, type ServerSending } from '../transport/server-calls.ts';
import { Turn } from '../transport/turn.ts';
import { type CoreNatsOptions, resolveCore, type ResolvedCore } from './core-options.ts';
import { CorePublisher } from './core-publisher.ts';
import { CoreSubscription } from './core-subscription.ts';
import { GroupCommit } from './group-commit.ts';
import { NatsExchange } from './nats-exchange.ts';
import { NatsLink } from './nats-link.ts';
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
  readonly exchange: NatsExchange;
  readonly #ports: TransportPorts & { readonly logger: Logger };
  readonly #link: NatsLink;
  readonly #format: WireFormat;
  readonly #slots: SlotTable;
  readonly #commit: GroupCommit;
  readonly #publisher: CorePublisher;
  readonly #turn: Turn;
  readonly #sending: ServerSending;
  readonly #calls = new ServerCalls('nats', () => this.#commit.pump());
  #wasUp = false;

  constructor(config: ResolvedCore, ports: TransportPorts) {
    const { clock, random } = ports;
    const logger = ports.logger ?? consoleLogger();
    this.#ports = { ...ports, logger };
    this.#turn = new Turn(clock);
    this.#sending = { level: 'accepted', send: this.#send };
    this.#link = new NatsLink(config.nats, { clock, random, logger });
    this.#format = new WireFormat(config.codec, config.batching === 'off', config.maxMessageBytes);
    this.exchange = new NatsExchange({ clock, logger, link: this.#link, format: this.#format });
    this.#slots = new SlotTable(1, (event) => coreSubject(config.nats.namespace, event));
    this.#publisher = new CorePublisher(this.#link, this.#format, clock);
    const { maxBatchEvents: maxEvents, maxPending, publishTimeoutMs: timeoutMs } = config;
    this.#commit = new GroupCommit(
      { maxEvents, maxInFlight, maxPending, timeoutMs },
      {
        clock,
        slotOf: this.#slots.slotOf,
        ready: () => this.#link.up !== undefined && !this.#calls.opening,
        send: (batch) => this.#publisher.send(batch),
        trouble: () => this.#link.trouble,
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

  /** Not ready while its server is away: what is published waits, and fails after `publishTimeoutMs`. */
  health(): TransportHealth {
    return this.#link.health(this.features.durable);
  }

  async ready(): Promise<void> {
    await this.#link.connected();
    await Promise.all([this.#calls.whenOpen(), this.exchange.whenOpen()]);
  }

  publish(
    events: readonly EventEnvelope[],
    options?: TransportPublishOptions,
  ): Published | Promise<Published> {
    return this.#calls.publish(events, options, this.#sending);
  }

  subscribe(
    patterns: readonly (string | GlobPattern)[],
    options: TransportSubscribeOptions,
  ): TransportSubscription {
    this.#calls.check(options.name);
    return new CoreSubscription(patterns, options, {
      ...this.#ports,
      turn: this.#turn,
      link: this.#link,
      format: this.#format,
      join: (subscription, opened) => this.#calls.join(subscription, opened),
    });
  }

  detach(): void {
    this.#calls.detach();
  }

  async close(): Promise<void> {
    if (!this.#calls.close()) return;
    if (this.#link.up !== undefined) await this.#commit.whenQuiet();
    this.#commit.close();
    this.exchange.close();
    this.#publisher.close();
    await this.#link.close();
  }

  readonly #send: ServerSending['send'] = (events, together) => {
    const alone = events.length === 1;
    const batch = alone
      ? this.#commit.add(events[0])
      : this.#commit.addAll(events, this.#slots.sharedSlot(events));
    const outcome = alone && !together ? batch.outcomeOf(events[0]) : batch.outcome;
    if (!this.#wasUp) void this.#link.connected().catch((error: Error) => this.#commit.fail(error));
    return outcome;
  };
}
