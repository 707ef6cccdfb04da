import { connect } from '@nats-io/transport-node';
import { jetstreamManager } from '@nats-io/jetstream';
import { vi } from 'vitest';
import { freePort, type NatsServer, startNatsServer } from './nats-server.ts';

/** Milliseconds in which a cluster that comes up does so, on a busy machine: one alone takes one second. */
const placedWithinMs = 12_000;

/** Servers of NATS that keep streams together, each with a port and a folder of its own. */
export interface NatsCluster extends AsyncDisposable {
  readonly servers: readonly NatsServer[];
  /** Addresses of all. */
  readonly urls: readonly string[];
  /** The server that leads a stream now; waits until one does. */
  leaderOf(stream: string): Promise<NatsServer>;
  /** Where the consumers of a stream are, and how many servers keep each. */
  placesOf(stream: string): Promise<ConsumerPlace[]>;
}

export interface ConsumerPlace {
  readonly consumer: string;
  readonly server: NatsServer;
  readonly replicas: number;
}

/**
 * Starts three servers, and resolves when streams can be made that all of them keep.
 *
 * One start of ten of 2.10 does not come so far within 40 s (9 of 80, alone on the machine): its leader finds no
 * suitable peers. Then three others are started.
 */
export async function startNatsCluster(binary?: string): Promise<NatsCluster> {
  for (let tries = 1; ; tries += 1) {
    const cluster = await startThree(binary);
    try {
      await placing(cluster.urls);
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      if (tries === 5) throw error;
    }
  }
}

async function startThree(binary: string | undefined): Promise<NatsCluster> {
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`).join(', ');
  const servers = await Promise.all(
    ports.map((port, at) =>
      startNatsServer({
        ...(binary === undefined ? {} : { binary }),
        config: `server_name: n${at}\ncluster { name: c, listen: 127.0.0.1:${port}, routes: [${routes}] }`,
      }),
    ),
  );
  const urls = servers.map(({ url }) => url);
  const dispose = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  const called = (name: string): NatsServer => {
    const server = servers[Number(name.slice(1))];
    if (server === undefined) throw new Error(`no server is called ${name}`);
    return server;
  };
  const leaderOf = async (stream: string): Promise<NatsServer> => {
    const name = await patiently(urls, async (manager) => {
      const { cluster } = await manager.streams.info(stream);
      return cluster?.leader;
    });
    return called(name);
  };
  const placesOf = async (stream: string): Promise<ConsumerPlace[]> => {
    const places: ConsumerPlace[] = [];
    await patiently(urls, async (manager) => {
      places.length = 0;
      for await (const { name, cluster, config } of manager.consumers.list(stream)) {
        places.push({
          consumer: name,
          server: called(cluster?.leader ?? ''),
          replicas: config.num_replicas ?? 0,
        });
      }
      return 'all';
    });
    return places;
  };
  return { servers, urls, leaderOf, placesOf, [Symbol.asyncDispose]: dispose };
}

/** Resolves when streams can be placed on three servers. */
function placing(urls: readonly string[]): Promise<string> {
  return patiently(
    urls,
    async (manager) => {
      const { config } = await manager.streams.add({ name: 'probe', subjects: ['probe'], num_replicas: 3 });
      await manager.streams.delete(config.name);
      return config.name;
    },
    placedWithinMs,
  );
}

/** Asks until there is an answer: while a cluster elects a leader, nobody gives one. */
async function patiently(
  servers: readonly string[],
  ask: (manager: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<string | undefined>,
  timeout = 30_000,
): Promise<string> {
  const client = await connect({ servers: [...servers], maxReconnectAttempts: -1, reconnectTimeWait: 100 });
  try {
    const manager = await jetstreamManager(client, { checkAPI: false, timeout: 500 });
    return await vi.waitFor(
      async () => {
        const answer = await ask(manager);
        if (answer === undefined || answer === '')
          throw new Error('the cluster of NATS has elected no leader');
        return answer;
      },
      { timeout, interval: 50 },
    );
  } finally {
    await client.close();
  }
}
