import { connect, type NatsConnection } from '@nats-io/transport-node';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { createBus, type Bus, type BusOptions } from 'breakwater';
import { jetStream, nats, type CoreNatsOptions, type JetStreamOptions } from 'breakwater/nats';
import { vi } from 'vitest';
import { startNatsServer, type NatsServer, type NatsServerOptions } from './nats-server.ts';
import { recordingLogger, type LogLine } from './recording-logger.ts';

/** A NATS server, buses on it, and the official client beside them. */
export interface NatsWorld extends AsyncDisposable {
  readonly server: NatsServer;
  /** What the buses logged. */
  readonly lines: LogLine[];
  /** A namespace that no other test uses. */
  namespace(): string;
  streamBus(options?: JetStreamOptions, bus?: BusOptions): Bus;
  coreBus(options?: CoreNatsOptions, bus?: BusOptions): Bus;
  client(): Promise<NatsConnection>;
  manager(): Promise<JetStreamManager>;
  /** The names of all streams that the server has, sorted. */
  streams(): Promise<string[]>;
}

export async function createNatsWorld(options: NatsServerOptions = {}): Promise<NatsWorld> {
  const server = await startNatsServer(options);
  const { logger, lines } = recordingLogger();
  const open: (() => Promise<unknown>)[] = [];
  let names = 0;
  let client: NatsConnection | undefined;
  const connected = async (): Promise<NatsConnection> => {
    if (client === undefined) {
      const made = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
      client = made;
      open.push(() => made.close());
    }
    return client;
  };
  const manager = async (): Promise<JetStreamManager> => jetstreamManager(await connected());
  const kept = (bus: Bus): Bus => {
    open.push(() => bus.close({ deadlineMs: 100 }));
    return bus;
  };
  return {
    server,
    lines,
    namespace: () => `test${(names += 1)}`,
    streamBus: (nats, bus) =>
      kept(createBus({ logger, transport: jetStream({ servers: server.url, ...nats }), ...bus })),
    coreBus: (core, bus) =>
      kept(createBus({ logger, transport: nats({ servers: server.url, ...core }), ...bus })),
    client: connected,
    manager,
    streams: async () => {
      const names: string[] = [];
      for await (const { config } of (await manager()).streams.list()) names.push(config.name);
      return names.toSorted();
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(open.map((close) => close()));
      await server.stop();
    },
  };
}

/** Waits until something holds, looking every few milliseconds. */
export function until(holds: () => boolean | void, timeoutMs = 10_000): Promise<void> {
  return vi.waitFor(
    () => {
      if (holds() === false) throw new Error('it does not hold yet');
    },
    { timeout: timeoutMs, interval: 5 },
  );
}
