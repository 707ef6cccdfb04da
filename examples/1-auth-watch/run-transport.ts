import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryTransport, type TransportFactory } from 'breakwater';

/** What carries the events of a run, and what is to be done when it is over. */
export interface RunTransport extends AsyncDisposable {
  readonly transport: TransportFactory;
}

/** Keeps no events. */
export function inMemory(): RunTransport {
  return { transport: memoryTransport(), [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** Keeps events in a folder; without one, in a folder of this run alone. */
export async function onDisk(folder: string | undefined): Promise<RunTransport> {
  // Not before it is needed: who keeps no log need not have its package.
  const { lmdb } = await import('breakwater/lmdb');
  const path = folder ?? (await mkdtemp(join(tmpdir(), 'auth-watch-')));
  return {
    transport: lmdb({ path }),
    [Symbol.asyncDispose]: async () => {
      if (folder === undefined) await rm(path, { recursive: true, force: true });
    },
  };
}
