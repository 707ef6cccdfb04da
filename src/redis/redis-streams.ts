import type { Redis } from 'ioredis';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import { consoleLogger, type Logger } from '../logger.ts';
import type { PublishLevel } from '../publish-level.ts';
import type {
  Published,
  Transport,
  TransportFactory,
  TransportFeatures,
  TransportPorts,
  TransportPublishOptions,
  TransportSubscribeOptions,
  TransportSubscription,
} from '../transport/transport.ts';
import { ServerCalls } from '../transport/server-calls.ts';
import { Turn } from '../transport/turn.ts';
import { EntryFormat } from './entry-format.ts';
import { EntryPublisher } from './entry-publisher.ts';
import { redisKeys, type RedisKeys } from './redis-keys.ts';
import { RedisLink } from './redis-link.ts';
import { type RedisStreamsOptions, resolveRedis, type ResolvedRedis } from './redis-options.ts';
import { RedisSubscription } from './redis-subscription.ts';
import { asTransportError } from './redis-failure.ts';
import { checkVersion, readLevel } from './server-facts.ts';
import { bellMs, StreamBell } from './stream-bell.ts';

/**
 * Carries events through a stream of one Redis server: at least once, and past the life of every process.
 *
 * A publish resolves when the server has appended it, at the level that its configuration gives: `disk` with
 * `appendfsync always`, `os` with `no`, else `accepted`. Named subscribers keep their place as consumer groups and
 * share the work with other processes of that name; with `order: 'key'` or `'total'` one process works at a time.
 * The stream keeps `maxEntries`: what is not handled by then is deleted. Needs Redis 6.2 and the package `ioredis`.
 *
 * @throws RangeError or TypeError that names the option and the value.
 *
 * @example
 * ```ts no-run
 * const bus = createBus({ transport: redisStreams({ url: 'redis://127.0.0.1:6379', namespace: 'shop' }) });
 * ```
 */
export function redisStreams(options: RedisStreamsOptions = {}): TransportFactory {
  const config = resolveRedis(options);
  return (ports) => new RedisStreamsTransport(config, ports);
}

class RedisStreamsTransport implements Transport {
  readonly name = 'redis-streams';
  readonly #config: ResolvedRedis;
  readonly #ports: TransportPorts & { readonly logger: Logger };
  readonly #keys: RedisKeys;
  readonly #link: RedisLink;
  readonly #bell: StreamBell;
  readonly #format: EntryFormat;
  readonly #publisher: EntryPublisher;
  readonly #turn: Turn;
  readonly #calls = new ServerCalls('redis', () => this.#publisher.pump());
  readonly #ending = new Set<Promise<void>>();
  #published: Published = Object.freeze({ level: 'accepted', matched: -1 });
  #member = '';

  constructor(config: ResolvedRedis, ports: TransportPorts) {
    const { clock, random } = ports;
    const logger = ports.logger ?? consoleLogger();
    this.#config = config;
    this.#ports = { ...ports, logger };
    this.#keys = redisKeys(config.namespace);
    this.#turn = new Turn(clock);
    const { address, connectTimeoutMs, answerTimeoutMs } = config;
    const dial = { address, connectionName: config.namespace, connectTimeoutMs, silenceMs: answerTimeoutMs };
    const prepare = (redis: Redis): Promise<void> => this.#prepare(redis);
    this.#link = new RedisLink(dial, { clock, random, logger, prepare });
    // That one is lost together with the other; once is enough to say so.
    const quiet = { ...logger, info: nothing, warn: nothing };
    const bellLink = new RedisLink(
      { ...dial, silenceMs: answerTimeoutMs + bellMs },
      { clock, random, logger: quiet },
    );
    this.#bell = new StreamBell(this.#keys.events, bellLink, clock);
    this.#format = new EntryFormat(config.codec, config.maxEntryBytes);
    const { maxEntries, maxBatchEvents, maxPending, publishTimeoutMs } = config;
    this.#publisher = new EntryPublisher(
      { maxEntries, maxBatchEvents, maxPending, timeoutMs: publishTimeoutMs },
      {
        clock,
        random,
        link: this.#link,
        format: this.#format,
        keys: this.#keys,
        member: () => this.#member,
        published: () => this.#published,
        // Not while subscribers are on their way that were there before: one that begins now would miss it.
        ready: () => this.#link.up !== undefined && !this.#calls.opening,
        onQuiet: () => ports.onIdle?.(),
      },
    );
    this.#link.onUp(this.#publisher.pump);
  }

  get features(): TransportFeatures {
    const { level } = this.#published;
    return { level, durable: true, ordered: true, shared: true, settlements: false };
  }

  get busy(): boolean {
    return this.#publisher.pending > 0;
  }

  async ready(): Promise<void> {
    await this.#link.connected();
    await this.#calls.whenOpen();
  }

  publish(
    events: readonly EventEnvelope[],
    options?: TransportPublishOptions,
  ): Published | Promise<Published> {
    return this.#calls.publish(events, options, { level: this.#published.level, send: this.#send });
  }

  subscribe(
    patterns: readonly (string | GlobPattern)[],
    options: TransportSubscribeOptions,
  ): TransportSubscription {
    this.#calls.check(options.name);
    return new RedisSubscription(patterns, options, this.#config, {
      ...this.#ports,
      turn: this.#turn,
      link: this.#link,
      bell: this.#bell,
      format: this.#format,
      keys: this.#keys,
      member: () => this.#member,
      join: (subscription, opened) => this.#join(subscription, opened),
    });
  }

  /** Forgets the place of a subscriber: its group, with what is not acknowledged. @throws TransportError */
  async forget(name: string): Promise<void> {
    const redis = await this.#link.connected();
    try {
      await redis.xgroup('DESTROY', this.#keys.events, name);
    } catch (error) {
      const fault = asTransportError(`${this.#link.where} does not forget ${name}`, error);
      // Where there is no stream, there is no place to forget.
      if (!/no such key|requires the key to exist/i.test(fault.message)) throw fault;
    }
  }

  detach(): void {
    this.#calls.detach();
  }

  async close(): Promise<void> {
    if (!this.#calls.close()) return;
    const { clock } = this.#ports;
    const limit = new Promise<void>((resolve) => {
      clock.setTimeout(resolve, this.#config.answerTimeoutMs, true);
    });
    await Promise.race([this.#flushed(), limit]);
    this.#publisher.close();
    this.#bell.close();
    this.#link.close();
  }

  /** What was said has reached the server. */
  async #flushed(): Promise<void> {
    if (this.#link.up === undefined) return;
    await this.#publisher.whenQuiet();
    await Promise.all(this.#ending);
  }

  async #prepare(redis: Redis): Promise<void> {
    const { where } = this.#link;
    await checkVersion(redis, where);
    const level = await readLevel(redis);
    this.#tellLevel(level);
    if (this.#member !== '') return;
    try {
      // The server's count and a number of our own: no two processes are taken for one.
      const count = await redis.incr(this.#keys.members);
      this.#member = `${count}-${Math.floor(this.#ports.random() * 2 ** 52).toString(36)}`;
    } catch (error) {
      throw asTransportError(`${where} does not let this connection write ${this.#keys.members}`, error);
    }
  }

  #tellLevel(level: PublishLevel): void {
    if (level !== this.#published.level) this.#published = Object.freeze({ level, matched: -1 });
  }

  readonly #send = (events: readonly EventEnvelope[]): Promise<Published> => {
    const outcome = this.#publisher.add(events);
    if (this.#link.up === undefined) {
      // A server that says no will not say yes by being waited for.
      void this.#link.connected().catch((error: Error) => {
        if (this.#link.up === undefined && this.#link.refused) this.#publisher.fail(error);
      });
    }
    return outcome;
  };

  #join(subscription: RedisSubscription, opened: Promise<void>): (ended: Promise<void>) => void {
    const leave = this.#calls.join(subscription, opened);
    return (ended) => {
      leave();
      this.#ending.add(ended);
      void ended.finally(() => this.#ending.delete(ended));
    };
  }
}

function nothing(): void {}
