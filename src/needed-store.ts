import type { ReadableLog } from './event-log.ts';
import type { StartFrom } from './start-from.ts';
import type { SnapshotStore } from './snapshot-store.ts';
import type { Store } from './store.ts';
import type { Transport } from './transport/transport.ts';

const remedy =
  'use createBus({ transport: durableTransport(memoryStore()) }), or lmdb({ path }) of breakwater/lmdb';

/** The store of a transport, for what cannot do without one. @throws TypeError that says how to have one */
export function neededStore({ name, store }: Transport, call: string): Store {
  if (store !== undefined) return store;
  throw new TypeError(`${call} needs a log, and the ${name} transport has none; ${remedy}`);
}

/** What a transport lets be read of its events. @throws TypeError that says how to have it */
export function neededLog(transport: Transport, call: string): ReadableLog {
  const log = transport.log ?? transport.store?.log;
  if (log !== undefined) return log;
  const { name } = transport;
  throw new TypeError(
    `${call} needs a log, and the ${name} transport has none; ${remedy}, or jetStream() of breakwater/nats`,
  );
}

/** Where the processes on a transport keep what they share. @throws TypeError that says how to have it */
export function neededSharedState({ name, sharedState }: Transport, call: string): SnapshotStore {
  if (sharedState !== undefined) return sharedState;
  throw new TypeError(
    `${call} needs a transport whose processes share state, and those of the ${name} transport share none; use jetStream() of breakwater/nats`,
  );
}

/** Where to begin is a matter of transports that keep events. @throws TypeError for others */
export function checkKeeps(from: StartFrom | undefined, { name, store, features }: Transport): void {
  if (from === undefined || from === 'now' || store !== undefined || features.durable) return;
  throw new TypeError(
    `from needs a transport that keeps events, and the ${name} transport keeps none; ${remedy}`,
  );
}
