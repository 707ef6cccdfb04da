import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import { type Logger, consoleLogger } from '../logger.ts';
import type { PublishLevel } from '../publish-level.ts';
import type {
  Published,
  Transport,
  TransportFactory,
  TransportFeatures,
  TransportHealth,
  TransportPorts,
  TransportPublishOptions,
  TransportSubscribeOptions,
  TransportSubscription,
} from '../transport/transport.ts';
import { ServerCalls, type ServerSending } from '../transport/server-calls.ts';
import { Turn } from '../transport/turn.ts';
import { Acknowledger } from './acknowledger.ts';
import { AnswerInbox } from './answer-inbox.ts';
import { DeadLetterCopies } from './dead-letter-copies.ts';
import { GroupCommit, type GroupCommitLimits } from './group-commit.ts';
import { KvSnapshots } from './kv-snapshots.ts';
import { type JetStreamOptions, resolveJetStream, type ResolvedJetStream } from './jetstream-options.ts';
import { JetStreamEntities } from './jetstream-entities.ts';
import { JetStreamPublisher } from './jetstream-publisher.ts';
import { JetStreamSubscription } from './jetstream-subscription.ts';
import { NatsExchange } from './nats-exchange.ts';
import { NatsLink } from './nats-link.ts';
import { SlotTable } from './slot-table.ts';
import { StreamHistory } from './stream-history.ts';
import { storedSubject } from './subjects.ts';
import { deadLetterStream, ensureStream, eventStream } from './stream-setup.ts';
import { patiently } from './patiently.ts';
import { WireFormat } from './wire-message.ts';

/**
 * Carries events through a stream of NATS JetStream: at least once, and past the life of every process.
 *
 * A publish resolves when the server has stored it: level `replicated` with several replicas, `os` with one (by
 * default a server writes to the disk every two minutes: a crash of the server loses nothing, a loss of power may),
 * `accepted` in a memory stream. Events that are published together share messages. Named subscribers keep
 * their position and share the work with other processes of that name; with `order: 'key'` each process owns some of
 * the partitions that keys fall into, with `'total'` one process has all. The stream is created if it is absent; if it is
 * there with another configuration, nothing works and nothing is changed. Needs NATS 2.9.
 *
 * @throws RangeError or TypeError that names the option and the value.
 *
 * @example
 * ```ts no-run
 * const bus = createBus({ transport: jetStream({ servers: 'nats://127.0.0.1:4222', namespace: 'shop' }) });
 * ```
 */
export function jetStream(options: JetStreamOptions = {}): TransportFactory {
  const config = resolveJetStream(options);
  return (ports) => new JetStreamTransport(config, ports);
}

class JetStreamTransport implements Transport {
  readonly name = 'jetstream';
  readonly features: TransportFeatures;
  readonly log: StreamHistory;
  readonly exchange: NatsExchange;
  readonly entities: JetStreamEntities;
  readonly #config: ResolvedJetStream;
  readonly #ports: TransportPorts & { readonly logger: Logger };
  readonly #link: NatsLink;
  readonly #format: WireFormat;
  readonly #publisher: JetStreamPublisher;
  readonly #commit: GroupCommit;
  readonly #inbox: AnswerInbox;
  readonly #acknowledger: Acknowledger;
  readonly #copies: DeadLetterCopies;
  readonly #sending: ServerSending;
  readonly #turn: Turn;
  readonly #calls = new ServerCalls('jetstream', () => this.#commit.pump());
  readonly #leaving = new Map<Promise<void>, () => void>();
  readonly #state: KvSnapshots;
  readonly #slots: SlotTable;
  #preparing: Promise<JetStreamManager> | undefined;
  #isPrepared = false;
  /** Why its streams could not be set up. */
  #fault: Error | undefined;

  constructor(config: ResolvedJetStream, ports: TransportPorts) {
    const { clock, random } = ports;
    const logger = ports.logger ?? consoleLogger();
    this.#config = config;
    this.#ports = { ...ports, logger };
    const level = levelOf(config.stream);
    this.#sending = { level, send: this.#send };
    this.features = { level, durable: true, ordered: true, shared: true, settlements: false };
    const published: Published = Object.freeze({ level, matched: -1 });
    const { ackTimeoutMs, publishTimeoutMs } = config;
    const { namespace } = config.nats;
    this.#slots = new SlotTable(config.stream.partitions, (event, partition) =>
      storedSubject(namespace, event, partition),
    );
    this.#turn = new Turn(clock);
    this.#link = new NatsLink(config.nats, { clock, random, logger });
    this.#format = new WireFormat(config.codec, config.batching === 'off', config.maxMessageBytes);
    this.exchange = new NatsExchange({ clock, logger, link: this.#link, format: this.#format });
    const shared = { clock, random, logger, link: this.#link, format: this.#format };
    this.#publisher = new JetStreamPublisher({ published, ackTimeoutMs }, shared);
    this.#commit = new GroupCommit(limitsOf(config), {
      clock,
      slotOf: this.#slots.slotOf,
      ready: this.#mayPublish,
      send: (batch) => this.#publisher.send(batch),
      trouble: () => this.#link.trouble,
      onQuiet: () => ports.onIdle?.(),
    });
    this.#inbox = new AnswerInbox(this.#link, clock, ackTimeoutMs);
    this.#acknowledger = new Acknowledger(
      this.#link,
      clock,
      config.consumer.doubleAck ? this.#inbox : undefined,
    );
    this.#copies = new DeadLetterCopies(
      { namespace: config.nats.namespace, timeoutMs: publishTimeoutMs },
      { publisher: this.#publisher, format: this.#format, clock },
    );
    const { name, replicas, storage } = config.stream;
    this.#state = new KvSnapshots(
      { bucket: `${name}-state`, replicas, storage, answerMs: config.consumer.leaseMs / 2 },
      () => this.#link.connected(),
    );
    this.entities = new JetStreamEntities(config, {
      ...this.#ports,
      link: this.#link,
      format: this.#format,
      publisher: this.#publisher,
      copies: this.#copies,
      slots: this.#slots,
      leases: this.#state,
      prepared: () => this.#prepared(),
    });
    this.log = new StreamHistory(name, namespace, {
      clock,
      format: this.#format,
      open: async () => ({ manager: await this.#prepared(), connection: await this.#link.connected() }),
    });
    this.#link.onUp(this.#commit.pump);
  }

  get sharedState(): KvSnapshots {
    return this.#state;
  }

  get busy(): boolean {
    return this.#commit.pending > 0;
  }

  /** Not ready while its server is away or stores nothing: a publish waits, and fails after `publishTimeoutMs`. */
  health(): TransportHealth {
    return this.#link.health(this.features.durable, this.#fault?.message ?? this.#publisher.trouble);
  }

  async ready(): Promise<void> {
    await this.#prepared();
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
    return new JetStreamSubscription(patterns, options, this.#config, {
      ...this.#ports,
      turn: this.#turn,
      link: this.#link,
      format: this.#format,
      acknowledger: this.#acknowledger,
      copies: this.#copies,
      prepared: () => this.#prepared(),
      state: this.#state,
      join: (subscription, opened) => this.#calls.join(subscription, opened),
      leaving: this.#leave,
    });
  }

  detach(): void {
    this.#calls.detach();
  }

  async close(): Promise<void> {
    if (!this.#calls.close()) return;
    const { clock } = this.#ports;
    const limit = new Promise<void>((resolve) => {
      clock.setTimeout(resolve, this.#config.ackTimeoutMs, true);
    });
    for (const now of this.#leaving.values()) now();
    await Promise.race([Promise.all([this.#flushed(), ...this.#leaving.keys()]), limit]);
    this.entities.close();
    this.#state.close();
    this.#commit.close();
    this.exchange.close();
    this.#publisher.close();
    this.#acknowledger.close();
    this.#inbox.close();
    await this.#link.close();
  }

  /** What was said has reached the server. */
  async #flushed(): Promise<void> {
    const { up } = this.#link;
    if (up === undefined) return;
    await Promise.all([this.#commit.whenQuiet(), this.#acknowledger.whenIdle()]);
    await up.flush().catch(() => {});
  }

  #prepared(): Promise<JetStreamManager> {
    this.#preparing ??= this.#prepare().catch((error: unknown) => {
      this.#preparing = undefined;
      this.#fault = error instanceof Error ? error : new Error(describeError(error));
      throw error;
    });
    return this.#preparing;
  }

  async #prepare(): Promise<JetStreamManager> {
    const connection = await this.#link.connected();
    const { clock } = this.#ports;
    const manager = await jetstreamManager(connection, {
      checkAPI: false,
      timeout: this.#config.ackTimeoutMs,
    });
    // Another server of its cluster may have what this one has not, but then it is there at once.
    const attempts = connection.info?.jetstream === true ? 6 : 2;
    await patiently(clock, attempts, () => ensureStream(manager, eventStream(this.#config)));
    await patiently(clock, attempts, () => ensureStream(manager, deadLetterStream(this.#config)));
    this.#isPrepared = true;
    this.#fault = undefined;
    this.#commit.pump();
    return manager;
  }

  readonly #send: ServerSending['send'] = (events, together) => {
    const alone = events.length === 1;
    const batch = alone
      ? this.#commit.add(events[0])
      : this.#commit.addAll(events, this.#slots.sharedSlot(events));
    const outcome = alone && !together ? batch.outcomeOf(events[0]) : batch.outcome;
    if (!this.#isPrepared) void this.#prepared().catch((error: Error) => this.#commit.fail(error));
    return outcome;
  };

  readonly #leave = (left: Promise<void>, now: () => void): void => {
    this.#leaving.set(left, now);
    void left.finally(() => this.#leaving.delete(left));
  };

  /** Not while subscribers are on their way that were there before: one that begins now would miss it. */
  readonly #mayPublish = (): boolean =>
    this.#isPrepared && !this.#calls.opening && this.#link.up !== undefined;
}

function limitsOf(config: ResolvedJetStream): GroupCommitLimits {
  const { maxBatchEvents: maxEvents, maxInFlight, maxPending, publishTimeoutMs: timeoutMs } = config;
  return { maxEvents, maxInFlight, maxPending, timeoutMs };
}

function levelOf({ replicas, storage }: ResolvedJetStream['stream']): PublishLevel {
  if (replicas > 1) return 'replicated';
  return storage === 'file' ? 'os' : 'accepted';
}
