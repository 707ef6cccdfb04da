import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, memoryTransport, type TransportFactory } from 'breakwater';
import { homing } from './homing-bus.ts';
import type { Options } from './options.ts';

/** What carries the events of a run, and what is to be done when it is over. */
export interface RunTransport extends AsyncDisposable {
  readonly transport: TransportFactory;
  /** Makes a bus idle only when all that it has published is judged. */
  readonly whole: (bus: Bus) => Bus;
}

const asItIs = (bus: Bus): Bus => bus;

/** What the options ask for: memory, a folder or a server. */
export async function openTransport(options: Options): Promise<RunTransport> {
  const { nats, namespace, keepsLog, log, replay } = options;
  if (nats !== undefined) return onNats(nats, namespace);
  // Events that are played again are in a log already.
  return keepsLog && replay === undefined ? onDisk(log) : inMemory();
}

/** Keeps no events. */
export function inMemory(): RunTransport {
  return {
    transport: memoryTransport(),
    whole: asItIs,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Keeps events in a folder; without one, in a folder of this run alone. */
export async function onDisk(folder: string | undefined): Promise<RunTransport> {
  // Not before it is needed: who keeps no log need not have its package.
  const { lmdb } = await import('breakwater/lmdb');
  const path = folder ?? (await mkdtemp(join(tmpdir(), 'auth-watch-')));
  return {
    transport: lmdb({ path }),
    whole: asItIs,
    [Symbol.asyncDispose]: async () => {
      if (folder === undefined) await rm(path, { recursive: true, force: true });
    },
  };
}

/** Sends events through a NATS server; without a namespace in one of this run alone, which is deleted after it. */
async function onNats(servers: string, namespace: string | undefined): Promise<RunTransport> {
  const { deleteStreams, jetStream } = await import('breakwater/nats');
  const options = {
    servers,
    namespace: namespace ?? `auth-watch-${randomUUID()}`,
    connectTimeoutMs: 2_000,
  };
  let isUp = false;
  return {
    transport: jetStream(options),
    whole: (bus) => {
      isUp = true;
      return homing(bus);
    },
    [Symbol.asyncDispose]: async () => {
      if (namespace !== undefined) return;
      try {
        await deleteStreams(options);
      } catch (error) {
        // Why it has not come up says more than why nothing can be deleted.
        if (isUp) throw error;
      }
    },
  };
}
