import { Redis } from 'ioredis';
import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import { ClosedError, TransportError } from '../../streams/event/errors.ts';
import type { Random } from '../../streams/event/random.ts';
import type { Logger } from '../logger.ts';
import { asTransportError, isRefusal } from './redis-failure.ts';
import type { RedisAddress } from './redis-options.ts';

export interface LinkConfig {
  readonly address: RedisAddress;
  /** In the server's list of clients. */
  readonly connectionName: string;
  readonly connectTimeoutMs: number;
  /** Milliseconds without an answer after which the connection is given up. */
  readonly silenceMs: number;
}

export interface LinkPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Done on each new connection before it counts as up. A TransportError tells those who wait at once. */
  readonly prepare?: (redis: Redis) => Promise<void>;
}

interface Waiter {
  readonly resolve: (redis: Redis) => void;
  readonly reject: (error: Error) => void;
  readonly timer: TimerHandle;
}

/** Milliseconds between dials: at first, and at most. */
const firstDelayMs = 100;
const longestDelayMs = 2000;

/**
 * One connection of a transport: dialled when it is first needed, and again for as long as it is not closed.
 *
 *     idle ─► dialling ─► up ─► dialling ─► … ─► closed
 *
 * The client redials and sends again nothing by itself: a command whose answer did not come fails, and whoever
 * sent it knows what a second time would mean.
 */
export class RedisLink {
  readonly where: string;
  readonly #config: LinkConfig;
  readonly #ports: LinkPorts;
  readonly #waiters = new Set<Waiter>();
  readonly #upListeners = new Set<() => void>();
  readonly #downListeners = new Set<() => void>();
  #redis: Redis | undefined;
  #up: Redis | undefined;
  #closed = false;
  #wasUp = false;
  #attempts = 0;
  #refused = false;
  #lastError: TransportError | undefined;
  #redial: TimerHandle;

  constructor(config: LinkConfig, ports: LinkPorts) {
    this.#config = config;
    this.#ports = ports;
    this.where = `Redis at ${config.address.host}:${config.address.port}`;
  }

  /** The connection while it is up. */
  get up(): Redis | undefined {
    return this.#up;
  }

  /** Whether the latest dial was answered with a no. */
  get refused(): boolean {
    return this.#refused;
  }

  /** Starts to dial, if it has not. */
  start(): void {
    if (!this.#closed && this.#redis === undefined && this.#redial === undefined) void this.#dial();
  }

  /**
   * Resolves to the connection once it is up.
   *
   * @throws TransportError when it is not within `connectTimeoutMs`, or was refused; ClosedError.
   */
  connected(): Promise<Redis> {
    if (this.#closed) return Promise.reject(new ClosedError(`the connection to ${this.where} is closed`));
    if (this.#up !== undefined) return Promise.resolve(this.#up);
    this.start();
    return new Promise((resolve, reject) => {
      const timer = this.#ports.clock.setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(this.#unreached());
      }, this.#config.connectTimeoutMs);
      const waiter: Waiter = { resolve, reject, timer };
      this.#waiters.add(waiter);
    });
  }

  /** Calls `listener` each time the connection comes up. */
  onUp(listener: () => void): () => void {
    this.#upListeners.add(listener);
    return () => this.#upListeners.delete(listener);
  }

  /** Calls `listener` each time the connection is lost. */
  onDown(listener: () => void): () => void {
    this.#downListeners.add(listener);
    return () => this.#downListeners.delete(listener);
  }

  /** Ends it at once: what is under way fails. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ports.clock.clearTimeout(this.#redial);
    this.#release((waiter) => waiter.reject(new ClosedError(`the connection to ${this.where} is closed`)));
    this.#lost();
    this.#redis?.disconnect();
  }

  async #dial(): Promise<void> {
    this.#redial = undefined;
    const redis = this.#client();
    this.#redis = redis;
    let fault: unknown;
    redis.on('error', (error: unknown) => {
      fault = error;
    });
    redis.once('end', () => this.#ended(redis, fault));
    try {
      await redis.connect();
      await this.#ports.prepare?.(redis);
    } catch (error) {
      fault ??= error;
      if (error instanceof TransportError) fault = error;
      redis.disconnect();
      return;
    }
    if (this.#closed || redis.status !== 'ready') redis.disconnect();
    else this.#raise(redis);
  }

  #client(): Redis {
    const { address, connectionName, connectTimeoutMs, silenceMs } = this.#config;
    const { host, port, db, username, password, tls } = address;
    return new Redis({
      host,
      port,
      db,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(tls === undefined ? {} : { tls }),
      connectionName,
      connectTimeout: connectTimeoutMs,
      socketTimeout: silenceMs,
      protocol: 2,
      disableClientInfo: true,
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
  }

  #raise(redis: Redis): void {
    this.#up = redis;
    this.#attempts = 0;
    this.#refused = false;
    if (this.#wasUp) this.#ports.logger.info({}, `the connection to ${this.where} is up again`);
    this.#wasUp = true;
    this.#release((waiter) => waiter.resolve(redis));
    for (const listener of this.#upListeners) listener();
  }

  #ended(redis: Redis, fault: unknown): void {
    if (this.#redis !== redis) return;
    this.#redis = undefined;
    this.#lost();
    if (this.#closed) return;
    if (fault !== undefined) {
      const error = asTransportError(this.where, fault);
      this.#lastError = error;
      this.#refused = fault instanceof TransportError || isRefusal(fault);
      if (this.#refused) this.#release((waiter) => waiter.reject(error));
    }
    const { clock, random } = this.#ports;
    const delayMs =
      Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(this.#attempts, 8)) * (0.5 + random());
    this.#attempts += 1;
    this.#redial = clock.setTimeout(() => void this.#dial(), delayMs);
  }

  #lost(): void {
    if (this.#up === undefined) return;
    this.#up = undefined;
    if (!this.#closed) {
      this.#ports.logger.warn({}, `the connection to ${this.where} is lost; it is dialled again`);
    }
    for (const listener of this.#downListeners) listener();
  }

  #release(settle: (waiter: Waiter) => void): void {
    for (const waiter of this.#waiters) {
      this.#ports.clock.clearTimeout(waiter.timer);
      settle(waiter);
    }
    this.#waiters.clear();
  }

  #unreached(): TransportError {
    const why = this.#lastError === undefined ? '' : `: ${describeError(this.#lastError)}`;
    return new TransportError(
      `no connection to ${this.where} within ${this.#config.connectTimeoutMs} ms${why}`,
      { cause: this.#lastError },
    );
  }
}
