import type { TlsOptions } from '@nats-io/transport-node';
import { describeValue } from '../../streams/event/describe-value.ts';
import { checkChoice, checkPort, type OptionNames } from '../../streams/event/check-options.ts';
import { checkInteger } from '../options.ts';
import type { Dial, LinkPorts } from './dial.ts';
import { authenticatorOf, type NatsAuth } from './nats-auth.ts';
import { checkNamespace } from './subjects.ts';

/** One connection for several transports, logs and streams: made by `natsConnection`. */
export interface SharedNatsConnection {
  /** How many share it now. */
  readonly users: number;
}

/** The same, for those who share it. */
export interface SharedDial extends SharedNatsConnection {
  readonly config: ResolvedNats;
  join(ports: LinkPorts): Dial;
  leave(): Promise<void>;
}

/** How a process reaches NATS. */
export interface NatsOptions {
  /** What `natsConnection` gives, to share one connection; then all that says how to connect is said there. */
  readonly connection?: SharedNatsConnection;
  /** Addresses, tried in random order. No credentials in them: see `auth`. Default `'nats://127.0.0.1:4222'`. */
  readonly servers?: string | readonly string[];
  /** First token of all subjects: what one program's events are kept apart by. Default `'breakwater'`. */
  readonly namespace?: string;
  /** Name of the connection, in the server's monitoring. Default: the namespace. */
  readonly connectionName?: string;
  readonly auth?: NatsAuth;
  /** As the NATS client has it: `ca`, `cert`, `key` or their files. The name of the server is verified. */
  readonly tls?: TlsOptions;
  /** Milliseconds that a call waits for a connection before it fails. Default `5_000`. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds between pings; a server that has answered none of the last two is left at the third. Default `400`. */
  readonly pingIntervalMs?: number;
  /**
   * What to do about servers before 2.10.27, which let one account harm another (CVE-2025-30215). Default
   * `'warn'`, once a connection. What is older than 2.9 is always refused.
   */
  readonly oldServers?: 'warn' | 'refuse' | 'allow';
}

/** Options of a connection, checked and complete. */
export interface ResolvedNats extends Required<Omit<NatsOptions, 'auth' | 'tls' | 'servers' | 'connection'>> {
  readonly servers: readonly string[];
  readonly auth: NatsAuth | undefined;
  readonly tls: TlsOptions | undefined;
  /** Undefined for a connection of its own. */
  readonly connection: SharedDial | undefined;
}

export const natsOptionNames: OptionNames<NatsOptions> = {
  connection: true,
  servers: true,
  namespace: true,
  connectionName: true,
  auth: true,
  tls: true,
  connectTimeoutMs: true,
  pingIntervalMs: true,
  oldServers: true,
};

/** Checks what was asked for and fills in the defaults. @throws RangeError or TypeError that names the option. */
export function resolveNatsOptions(options: NatsOptions): ResolvedNats {
  if (options.connection !== undefined) return sharedOptions(options, options.connection);
  const { connectTimeoutMs = 5000, pingIntervalMs = 400, oldServers = 'warn', auth, tls } = options;
  const namespace = checkNamespace(options.namespace ?? 'breakwater');
  const servers = [options.servers ?? 'nats://127.0.0.1:4222'].flat();
  if (servers.length === 0) throw new TypeError('servers must hold at least one address');
  for (const server of servers) checkServer(server);
  checkInteger('connectTimeoutMs', connectTimeoutMs, 1);
  checkInteger('pingIntervalMs', pingIntervalMs, 10);
  checkChoice('oldServers', oldServers, ['warn', 'refuse', 'allow']);
  if (auth !== undefined) authenticatorOf(auth);
  const { connectionName = namespace } = options;
  const connection = undefined;
  const timing = { connectTimeoutMs, pingIntervalMs };
  return { servers, namespace, connectionName, auth, tls, ...timing, oldServers, connection };
}

/** A connection that is shared has been told already where it leads. */
function sharedOptions(options: NatsOptions, shared: SharedNatsConnection): ResolvedNats {
  checkPort('connection', shared, ['join', 'leave']);
  const connection = shared as SharedDial;
  const { connection: _own, namespace: _apart, ...said } = natsOptionNames;
  for (const name of Object.keys(said)) {
    if (!(name in options)) continue;
    throw new TypeError(`${name} is for natsConnection to be told, where the connection is shared`);
  }
  return { ...connection.config, namespace: checkNamespace(options.namespace ?? 'breakwater'), connection };
}

function checkServer(server: unknown): void {
  if (typeof server !== 'string' || server === '' || /\s/.test(server)) {
    throw new TypeError(`servers must hold addresses like nats://host:4222, got ${describeValue(server)}`);
  }
  // The address would be repeated in errors and logs, with what is in it.
  if (server.includes('@')) {
    throw new TypeError('servers must hold no credentials; give them as auth: { user, password } or its kin');
  }
}
