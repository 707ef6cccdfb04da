import {
  connect,
  type NatsConnection,
  PermissionViolationError,
  type Status,
  TimeoutError,
} from '@nats-io/transport-node';
import type { TimerHandle } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import { ClosedError, TransportError } from '../../streams/event/errors.ts';
import { LogThrottle } from '../log-throttle.ts';
import type { TransportHealth } from '../transport/transport.ts';
import type { Dial, LinkPorts } from './dial.ts';
import { authenticatorOf } from './nats-auth.ts';
import type { ResolvedNats } from './nats-options.ts';
import { judgeServer } from './server-version.ts';
import { guardSocket } from './socket-guard.ts';

interface Waiter {
  readonly resolve: (connection: NatsConnection) => void;
  readonly reject: (error: Error) => void;
  readonly timer: TimerHandle;
}

/** Milliseconds between dials: at first, and at most. */
const firstDelayMs = 100;
const longestDelayMs = 2000;
/** Milliseconds for one dial: one that meets a server that is silent must not outlast its recovery for long. */
const longestDialMs = 2000;

/**
 * One connection: dialled when it is first needed, and again for as long as it is not closed.
 *
 *     idle ─► dialling ─► up ◄─► down ─► closed
 *
 * Once up, the NATS client itself redials and renews its subscriptions. What it does not do is to say what
 * became of the bytes it was given while it was down: it drops them. So nothing may be sent while `up` is undefined.
 */
export class NatsDial implements Dial {
  readonly config: ResolvedNats;
  readonly #ports: LinkPorts;
  readonly #throttle: LogThrottle;
  readonly #waiters = new Set<Waiter>();
  readonly #upListeners = new Set<(connection: NatsConnection) => void>();
  readonly #downListeners = new Set<() => void>();
  readonly #errorListeners = new Set<(error: Error) => void>();
  #connection: NatsConnection | undefined;
  #isUp = false;
  #dialling = false;
  #closed = false;
  #warned = false;
  #lastError: Error | undefined;
  #redial: TimerHandle;

  constructor(config: ResolvedNats, ports: LinkPorts) {
    this.config = config;
    this.#ports = ports;
    this.#throttle = new LogThrottle(ports.clock);
  }

  /** The connection while it is up. */
  get up(): NatsConnection | undefined {
    return this.#isUp ? this.#connection : undefined;
  }

  /** What keeps it from being up, for people; `undefined` while it is up, or nobody has asked for it. */
  get trouble(): string | undefined {
    if (this.#isUp || (this.#connection === undefined && !this.#dialling && this.#lastError === undefined)) {
      return undefined;
    }
    const where = `the server of NATS at ${this.config.servers.join(', ')} is away`;
    return this.#lastError === undefined ? where : `${where}: ${this.#lastError.message}`;
  }

  /** How a transport is that needs it; `fault` is what else keeps it from its work. */
  health(durable: boolean, fault?: string): TransportHealth {
    const reason = this.trouble ?? fault;
    return reason === undefined ? { ready: true, durable } : { ready: false, durable, reason };
  }

  /** Starts to dial, if it has not. */
  start(): void {
    if (!this.#closed && this.#connection === undefined && !this.#dialling) void this.#dial();
  }

  /**
   * Resolves to the connection once it is up.
   *
   * @throws TransportError when it is not within `connectTimeoutMs`, or was refused for what waiting cannot
   * cure; ClosedError.
   */
  connected(): Promise<NatsConnection> {
    if (this.#closed) return Promise.reject(new ClosedError('the connection to NATS is closed'));
    const { up } = this;
    if (up !== undefined) return Promise.resolve(up);
    this.start();
    const { clock } = this.#ports;
    return new Promise((resolve, reject) => {
      const timer = clock.setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(this.#unreached());
      }, this.config.connectTimeoutMs);
      const waiter: Waiter = { resolve, reject, timer };
      this.#waiters.add(waiter);
    });
  }

  /** Calls `listener` each time the connection comes up, at once if it is; gives what ends that. */
  onUp(listener: (connection: NatsConnection) => void): () => void {
    this.#upListeners.add(listener);
    if (this.up !== undefined) listener(this.up);
    return () => this.#upListeners.delete(listener);
  }

  /** Calls `listener` each time the connection is lost; gives what ends that. */
  onDown(listener: () => void): () => void {
    this.#downListeners.add(listener);
    return () => this.#downListeners.delete(listener);
  }

  /** Calls `listener` with what the server complains about, unasked: permissions above all. */
  onError(listener: (error: Error) => void): () => void {
    this.#errorListeners.add(listener);
    return () => this.#errorListeners.delete(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#ports.clock.clearTimeout(this.#redial);
    this.#release((waiter) => waiter.reject(new ClosedError('the connection to NATS is closed')));
    const connection = this.#connection;
    this.#lost();
    await connection?.close();
  }

  async #dial(attempt = 0): Promise<void> {
    this.#dialling = true;
    try {
      const { servers, connectionName, namespace, auth, tls, pingIntervalMs, oldServers } = this.config;
      const connection = await connect({
        servers: [...servers],
        name: connectionName,
        inboxPrefix: `_INBOX_${namespace}`,
        ...(auth === undefined ? {} : { authenticator: authenticatorOf(auth) }),
        ...(tls === undefined ? {} : { tls }),
        timeout: Math.min(this.config.connectTimeoutMs / 2, longestDialMs),
        pingInterval: pingIntervalMs,
        maxPingOut: 2,
        maxReconnectAttempts: -1,
        reconnectDelayHandler: () => this.#jittered(firstDelayMs * 2),
        ignoreAuthErrorAbort: true,
        noAsyncTraces: true,
      });
      this.#dialling = false;
      if (this.#closed) {
        await connection.close();
        return;
      }
      this.#judge(connection, oldServers);
      void this.#watch(connection);
      void connection.closed().then(() => this.#ended(connection));
      this.#connection = connection;
      this.#raise(connection);
    } catch (error) {
      this.#dialling = false;
      this.#failed(error, attempt);
    }
  }

  #judge(connection: NatsConnection, oldServers: 'warn' | 'refuse' | 'allow'): void {
    if (connection.info === undefined) return;
    try {
      const warning = judgeServer(connection.info, oldServers);
      if (warning === undefined || this.#warned) return;
      this.#warned = true;
      this.#ports.logger.warn({ server: connection.info.version }, warning);
    } catch (error) {
      void connection.close();
      throw error;
    }
  }

  #failed(error: unknown, attempt: number): void {
    if (this.#closed) return;
    const fault = error instanceof TransportError ? error : asTransportError(error, this.config.servers);
    this.#lastError = fault;
    if (error instanceof TransportError || isRefusal(error)) this.#release((waiter) => waiter.reject(fault));
    const delayMs = this.#jittered(Math.min(longestDelayMs, firstDelayMs * 2 ** attempt));
    this.#redial = this.#ports.clock.setTimeout(() => void this.#dial(Math.min(attempt + 1, 16)), delayMs);
  }

  async #watch(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) this.#heard(status, connection);
  }

  #heard(status: Status, connection: NatsConnection): void {
    if (status.type === 'disconnect') {
      // A dial that was refused is told in the same way.
      if (!this.#isUp) return;
      this.#lost();
      this.#ports.logger.warn(
        { servers: this.config.servers },
        'the connection to NATS is lost; it is dialled again',
      );
    } else if (status.type === 'reconnect') {
      // Once for each dial that was refused before it: what listens must not begin anew each time.
      if (this.#isUp) return;
      this.#ports.logger.info({ servers: this.config.servers }, 'the connection to NATS is up again');
      this.#raise(connection);
    } else if (status.type === 'error') {
      if (!(status.error instanceof PermissionViolationError)) {
        this.#lastError = asTransportError(status.error, this.config.servers);
      }
      this.#tell(status.error);
      for (const listener of this.#errorListeners) listener(status.error);
    }
  }

  #tell(error: Error): void {
    const withheld = this.#throttle.pass();
    if (withheld === undefined) return;
    const more = withheld === 0 ? '' : ` (${withheld} more like this)`;
    this.#ports.logger.warn({ error }, `NATS refuses: ${describeError(error)}${more}`);
  }

  /** The client gave this connection up for good: a new one takes its place. */
  #ended(connection: NatsConnection): void {
    if (this.#closed || this.#connection !== connection) return;
    this.#lost();
    this.#connection = undefined;
    this.start();
  }

  #raise(connection: NatsConnection): void {
    guardSocket(connection);
    this.#isUp = true;
    this.#lastError = undefined;
    this.#release((waiter) => waiter.resolve(connection));
    for (const listener of this.#upListeners) listener(connection);
  }

  #lost(): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    for (const listener of this.#downListeners) listener();
  }

  #release(settle: (waiter: Waiter) => void): void {
    for (const waiter of this.#waiters) {
      this.#ports.clock.clearTimeout(waiter.timer);
      settle(waiter);
    }
    this.#waiters.clear();
  }

  #jittered(delayMs: number): number {
    return delayMs * (0.5 + this.#ports.random());
  }

  #unreached(): TransportError {
    const { servers, connectTimeoutMs } = this.config;
    const why = this.#lastError === undefined ? '' : `: ${this.#lastError.message}`;
    return new TransportError(
      `no connection to NATS at ${servers.join(', ')} within ${connectTimeoutMs} ms${why}`,
      { cause: this.#lastError },
    );
  }
}

/** Whether a server said no, rather than nothing. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof Error &&
    /Authori[sz]ation|Authentication|TLS|certificate/i.test(`${error.name} ${error.message}`)
  );
}

function asTransportError(error: unknown, servers: readonly string[]): TransportError {
  // A server that does not accept a client's certificate says so by silence: the client does not tell what it heard.
  const why =
    error instanceof TimeoutError
      ? 'it did not greet in time; if it demands a certificate, it may not have accepted tls.cert'
      : describeError(error);
  return new TransportError(`NATS at ${servers.join(', ')}: ${why}`, { cause: error });
}
