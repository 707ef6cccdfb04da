import { Redis } from 'ioredis';
import { createBus, type Bus, type BusOptions } from 'breakwater';
import { redisStreams, type RedisStreamsOptions } from 'breakwater/redis';
import { vi } from 'vitest';
import { recordingLogger, type LogLine } from './recording-logger.ts';
import { type RedisServer, startRedisServer } from './redis-server.ts';

/** A Redis server, buses on it, and the client beside them. */
export interface RedisWorld extends AsyncDisposable {
  readonly server: RedisServer;
  /** What the buses logged. */
  readonly lines: LogLine[];
  readonly client: Redis;
  /** A namespace that no other test uses. */
  namespace(): string;
  bus(options?: RedisStreamsOptions, bus?: BusOptions): Bus;
}

/** One entry of a stream as an object of its fields. */
export type Fields = Readonly<Record<string, string>>;

export async function createRedisWorld(config = ''): Promise<RedisWorld> {
  const server = await startRedisServer(config);
  const { logger, lines } = recordingLogger();
  const client = new Redis(server.url, { protocol: 2, retryStrategy: () => 50 });
  client.on('error', () => {});
  const open: Bus[] = [];
  let names = 0;
  return {
    server,
    lines,
    client,
    namespace: () => `test${(names += 1)}`,
    bus: (options, bus) => {
      const made = createBus({ logger, transport: redisStreams({ url: server.url, ...options }), ...bus });
      open.push(made);
      return made;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(open.map((bus) => bus.close({ deadlineMs: 100 })));
      client.disconnect();
      await server.stop();
    },
  };
}

/** The entries of a stream, oldest first. */
export async function entriesOf(client: Redis, key: string): Promise<Fields[]> {
  const entries = await client.xrange(key, '-', '+');
  return entries.map(([, fields]) =>
    Object.fromEntries(fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1] ?? '']] : []))),
  );
}

/** Waits until something that the server knows holds. */
export function eventually(holds: () => Promise<boolean>): Promise<void> {
  return vi.waitFor(
    async () => {
      if (!(await holds())) throw new Error('it does not hold yet');
    },
    { timeout: 10_000, interval: 5 },
  );
}

/** A promise, and the way to resolve it. */
export function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
