import { describeValue } from '../../streams/event/describe-value.ts';
import type { Dial, LinkPorts } from './dial.ts';
import { NatsDial } from './nats-dial.ts';
import {
  type NatsOptions,
  resolveNatsOptions,
  type ResolvedNats,
  type SharedDial,
  type SharedNatsConnection,
} from './nats-options.ts';

/**
 * A connection to NATS that transports, logs and streams of a process share, given to each as `connection`.
 *
 * It is dialled for the first that uses it, closed with the last, and dialled again for the next. `namespace` is its
 * own name for the server, and the first token of its inboxes; those who share it have theirs. What one of them does
 * to fill the connection holds up all: give a stream of large events one of its own.
 *
 * @throws RangeError or TypeError that names the option and the value.
 *
 * @example
 * ```ts no-run
 * const connection = natsConnection({ servers: 'nats://127.0.0.1:4222' });
 * const bus = createBus({ transport: jetStream({ connection, namespace: 'shop' }) });
 * const orders$ = fromNats('order.>', { connection, namespace: 'press' });
 * ```
 */
export function natsConnection(options: Omit<NatsOptions, 'connection'> = {}): SharedNatsConnection {
  if ('connection' in options) {
    throw new TypeError(`natsConnection takes no connection, got ${describeValue(options.connection)}`);
  }
  return new SharedConnection(resolveNatsOptions(options));
}

class SharedConnection implements SharedDial {
  readonly config: ResolvedNats;
  #users = 0;
  #dial: NatsDial | undefined;

  constructor(config: ResolvedNats) {
    this.config = config;
  }

  get users(): number {
    return this.#users;
  }

  join(ports: LinkPorts): Dial {
    this.#users += 1;
    this.#dial ??= new NatsDial(this.config, ports);
    return this.#dial;
  }

  async leave(): Promise<void> {
    this.#users -= 1;
    const dial = this.#dial;
    if (this.#users > 0 || dial === undefined) {
      // What was said last gets to the server before its sender is gone.
      await dial?.up?.flush().catch(() => {});
      return;
    }
    this.#dial = undefined;
    await dial.close();
  }
}
