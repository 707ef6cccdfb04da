import { connect, createServer, type Socket } from 'node:net';

/** A proxy between a client and a server, which fails as networks do. */
export interface TcpProxy extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Nothing passes any more, in either direction, and nobody is told: a cable that is pulled. */
  pause(): void;
  /** All passes again, also what was held back. */
  resume(): void;
  /** What the server says does not arrive; what the client says does. */
  muteServer(): void;
  /** Cuts all connections, as a router does that forgets them. */
  cut(): void;
  /** Refuses new connections until `resume`. */
  refuse(): void;
  close(): Promise<void>;
}

/** Starts a proxy to a port of this machine. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const pairs = new Set<readonly [client: Socket, server: Socket]>();
  let paused = false;
  let mute = false;
  let refusing = false;
  const server = createServer((client) => {
    if (refusing) {
      client.destroy();
      return;
    }
    const upstream = connect(target, '127.0.0.1');
    const pair = [client, upstream] as const;
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    client
      .on('data', (data) => upstream.write(data))
      .on('error', end)
      .on('close', end);
    upstream
      .on('data', (data) => {
        if (!mute) client.write(data);
      })
      .on('error', end)
      .on('close', end);
    if (paused) stop(pair);
  });
  const stop = ([client, upstream]: readonly [Socket, Socket]): void => {
    client.pause();
    upstream.pause();
  };
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  const cut = (): void => {
    for (const [client, upstream] of pairs) {
      client.destroy();
      upstream.destroy();
    }
  };
  const close = (): Promise<void> => {
    cut();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    pause: () => {
      paused = true;
      for (const pair of pairs) stop(pair);
    },
    resume: () => {
      paused = false;
      mute = false;
      refusing = false;
      for (const [client, upstream] of pairs) {
        client.resume();
        upstream.resume();
      }
    },
    muteServer: () => {
      mute = true;
    },
    cut,
    refuse: () => {
      refusing = true;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
