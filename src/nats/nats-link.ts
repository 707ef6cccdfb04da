import type { NatsConnection } from '@nats-io/transport-node';
import { ClosedError } from '../../streams/event/errors.ts';
import type { TransportHealth } from '../transport/transport.ts';
import type { Dial, LinkPorts } from './dial.ts';
import { NatsDial } from './nats-dial.ts';
import type { ResolvedNats } from './nats-options.ts';

/**
 * What one transport or log has of a connection: its own, or one that it shares.
 *
 * Nothing may be sent while `up` is undefined. Once it is closed, nobody hears anything through it, whatever becomes
 * of the connection; whoever uses it ends its subscriptions itself.
 */
export class NatsLink {
  readonly config: ResolvedNats;
  readonly #dial: Dial;
  readonly #leave: () => Promise<void>;
  readonly #downListeners = new Set<() => void>();
  readonly #listening = new Set<() => void>();
  #closed = false;

  constructor(config: ResolvedNats, ports: LinkPorts) {
    this.config = config;
    const { connection } = config;
    if (connection === undefined) {
      const own = new NatsDial(config, ports);
      this.#dial = own;
      this.#leave = () => own.close();
    } else {
      this.#dial = connection.join(ports);
      this.#leave = () => connection.leave();
    }
    this.#listening.add(this.#dial.onDown(this.#lost));
  }

  /** The connection while it is up. */
  get up(): NatsConnection | undefined {
    return this.#closed ? undefined : this.#dial.up;
  }

  /** Why nothing can be sent now, if so. */
  get trouble(): string | undefined {
    return this.#dial.trouble;
  }

  /** Whether a transport can carry events by it; `fault` is what is in its way besides. */
  health(durable: boolean, fault?: string): TransportHealth {
    return this.#dial.health(durable, fault);
  }

  /** Starts to dial, if it has not. */
  start(): void {
    if (!this.#closed) this.#dial.start();
  }

  /**
   * Resolves to the connection once it is up.
   *
   * @throws TransportError when it is not within `connectTimeoutMs`, or was refused for what waiting cannot
   * cure; ClosedError.
   */
  async connected(): Promise<NatsConnection> {
    this.#refuseClosed();
    const connection = await this.#dial.connected();
    this.#refuseClosed();
    return connection;
  }

  /** Calls `listener` each time the connection comes up, at once if it is; gives what ends that. */
  onUp(listener: (connection: NatsConnection) => void): () => void {
    return this.#heard(this.#dial.onUp(listener));
  }

  /** Calls `listener` each time the connection is lost, and when this link is closed; gives what ends that. */
  onDown(listener: () => void): () => void {
    this.#downListeners.add(listener);
    return () => this.#downListeners.delete(listener);
  }

  /** Calls `listener` with what the server complains about, unasked: permissions above all. */
  onError(listener: (error: Error) => void): () => void {
    return this.#heard(this.#dial.onError(listener));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    const { up } = this;
    this.#closed = true;
    for (const end of this.#listening) end();
    this.#listening.clear();
    if (up !== undefined) this.#lost();
    this.#downListeners.clear();
    await this.#leave();
  }

  #heard(end: () => void): () => void {
    this.#listening.add(end);
    return () => {
      this.#listening.delete(end);
      end();
    };
  }

  #refuseClosed(): void {
    if (this.#closed) throw new ClosedError('the connection to NATS is closed');
  }

  readonly #lost = (): void => {
    for (const listener of this.#downListeners) listener();
  };
}
