import type { ConnectionOptions } from 'node:tls';
import type { Codec } from '../../streams/event/codec.ts';
import { describeValue } from '../../streams/event/describe-value.ts';
import { checkOptions, checkPort, type OptionNames } from '../../streams/event/check-options.ts';
import { checkInteger, checkNumber, type DedupeOptions } from '../options.ts';

/** How events travel by Redis Streams. Everything is checked when the transport is chosen. */
export interface RedisStreamsOptions {
  /** `redis://` or, with TLS, `rediss://`; may hold user, password and database. Instead of `host` and its kin. */
  readonly url?: string;
  /** Default `'127.0.0.1'`. */
  readonly host?: string;
  /** Default `6379`. */
  readonly port?: number;
  readonly username?: string;
  readonly password?: string;
  /** Number of the database. Default `0`. */
  readonly db?: number;
  /** As Node has it. The name of the server is verified. Default: no TLS, but with `rediss://`. */
  readonly tls?: ConnectionOptions;
  /** What all keys begin with: what one program's events are kept apart by. Default `'breakwater'`. */
  readonly namespace?: string;
  /**
   * Entries that the stream keeps, about; the oldest are deleted beyond it, handled or not. An entry holds one
   * event, or up to `maxBatchEvents` of a busy publisher. Default `100_000`.
   */
  readonly maxEntries?: number;
  /** Dead letters that are kept, about. Default `100_000`. */
  readonly maxDeadLetters?: number;
  /** Milliseconds after which what a silent process held goes to another; extended while it is held. Default `30_000`. */
  readonly claimAfterMs?: number;
  /** Milliseconds after which another process takes over a subscriber with `order: 'key'` or `'total'`. Default `10_000`. */
  readonly ownerLeaseMs?: number;
  /** Deliveries after which an entry is given up: it may be what kills its processes. Default `20`. */
  readonly maxDeliveries?: number;
  /** How many ids each subscriber remembers. Default `100_000` ids for 10 minutes. */
  readonly dedupe?: DedupeOptions;
  /** How entries are written. Default `msgpackCodec()`. */
  readonly codec?: Codec;
  /** Events in an entry at most, but for a batch, which is one entry. Default `512`. */
  readonly maxBatchEvents?: number;
  /** Bytes of an entry at most. Default `1_000_000`. */
  readonly maxEntryBytes?: number;
  /** Events that wait for the server, also while it is away; what comes then is refused. Default `65_536`. */
  readonly maxPending?: number;
  /** Milliseconds after which a publish fails. Default `30_000`. */
  readonly publishTimeoutMs?: number;
  /** Milliseconds without an answer after which the server is left and dialled again. Default `2_000`. */
  readonly answerTimeoutMs?: number;
  /** Milliseconds that a call waits for a connection before it fails. Default `5_000`. */
  readonly connectTimeoutMs?: number;
}

/** Where a server is, and who we are there. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  readonly tls: ConnectionOptions | undefined;
}

type Addressing = 'url' | 'host' | 'port' | 'username' | 'password' | 'db' | 'tls';

/** Options of a transport over Redis, checked and complete. */
export interface ResolvedRedis extends Required<Omit<RedisStreamsOptions, Addressing | 'codec'>> {
  readonly address: RedisAddress;
  readonly codec: Codec | undefined;
}

const names: OptionNames<RedisStreamsOptions> = {
  url: true,
  host: true,
  port: true,
  username: true,
  password: true,
  db: true,
  tls: true,
  namespace: true,
  maxEntries: true,
  maxDeadLetters: true,
  claimAfterMs: true,
  ownerLeaseMs: true,
  maxDeliveries: true,
  dedupe: true,
  codec: true,
  maxBatchEvents: true,
  maxEntryBytes: true,
  maxPending: true,
  publishTimeoutMs: true,
  answerTimeoutMs: true,
  connectTimeoutMs: true,
};

/** Checks what was asked for and fills in the defaults. @throws RangeError or TypeError that names the option. */
export function resolveRedis(options: RedisStreamsOptions): ResolvedRedis {
  checkOptions('redisStreams', options, names);
  const { namespace = 'breakwater', codec } = options;
  const { maxEntries = 100_000, maxDeadLetters = 100_000, maxDeliveries = 20 } = options;
  const { claimAfterMs = 30_000, ownerLeaseMs = 10_000 } = options;
  const { dedupe = { windowMs: 600_000, maxIds: 100_000 } } = options;
  const { maxBatchEvents = 512, maxEntryBytes = 1_000_000, maxPending = 65_536 } = options;
  const { publishTimeoutMs = 30_000, answerTimeoutMs = 2000, connectTimeoutMs = 5000 } = options;
  if (typeof namespace !== 'string' || !/^[A-Za-z0-9_-]{1,64}$/.test(namespace)) {
    throw new TypeError(`namespace must be 1 to 64 letters, digits, _ or -, got ${describeValue(namespace)}`);
  }
  if (codec !== undefined) checkPort('codec', codec, ['encode', 'decode']);
  checkInteger('maxEntries', maxEntries, 1);
  checkInteger('maxDeadLetters', maxDeadLetters, 1);
  checkInteger('maxDeliveries', maxDeliveries, 1);
  checkInteger('claimAfterMs', claimAfterMs, 100);
  checkInteger('ownerLeaseMs', ownerLeaseMs, 100);
  checkInteger('maxBatchEvents', maxBatchEvents, 1, 4096);
  checkInteger('maxEntryBytes', maxEntryBytes, 1024, 64 * 1024 * 1024);
  checkInteger('maxPending', maxPending, 1);
  checkNumber('publishTimeoutMs', publishTimeoutMs, 1);
  checkInteger('answerTimeoutMs', answerTimeoutMs, 10);
  checkInteger('connectTimeoutMs', connectTimeoutMs, 10);
  const limits = { maxEntries, maxDeadLetters, maxDeliveries, maxBatchEvents, maxEntryBytes, maxPending };
  const times = { claimAfterMs, ownerLeaseMs, publishTimeoutMs, answerTimeoutMs, connectTimeoutMs };
  return { address: resolveAddress(options), namespace, codec, dedupe, ...limits, ...times };
}

function resolveAddress(options: RedisStreamsOptions): RedisAddress {
  const { url, tls } = options;
  const given = url === undefined ? options : readUrl(url, options);
  const { host = '127.0.0.1', port = 6379, username, password, db = 0 } = given;
  if (typeof host !== 'string' || host === '' || /[\s@/]/.test(host)) {
    // Not shown: what was meant as a URL may hold a password.
    throw new TypeError('host must be the name or address of a server; give a URL as url');
  }
  checkInteger('port', port, 1, 65_535);
  checkInteger('db', db, 0);
  for (const [name, value] of Object.entries({ username, password })) {
    if (value !== undefined && typeof value !== 'string') throw new TypeError(`${name} must be a string`);
  }
  return { host, port, username, password, db, tls: tls ?? given.tls };
}

function readUrl(
  url: string,
  { host, port, username, password, db }: RedisStreamsOptions,
): Partial<RedisAddress> {
  if ([host, port, username, password, db].some((value) => value !== undefined)) {
    throw new TypeError('give url, or host, port, username, password and db, not both');
  }
  const form = 'url must be like redis://user:password@host:6379/0, or rediss:// for TLS';
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    // Not shown: it may hold a password.
    throw new TypeError(form);
  }
  const { protocol, hostname, pathname } = parsed;
  const database = /^\/?(\d{0,5})$/.exec(pathname);
  if (!['redis:', 'rediss:'].includes(protocol) || hostname === '' || database === null) {
    throw new TypeError(form);
  }
  return {
    host: hostname.replaceAll(/[[\]]/g, ''),
    port: parsed.port === '' ? 6379 : Number(parsed.port),
    db: Number(database[1] ?? ''),
    ...(parsed.username === '' ? {} : { username: decodeURIComponent(parsed.username) }),
    ...(parsed.password === '' ? {} : { password: decodeURIComponent(parsed.password) }),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
  };
}
