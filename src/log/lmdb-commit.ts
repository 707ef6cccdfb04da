import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import { StorageError } from '../../streams/event/errors.ts';
import type { Databases } from './lmdb-databases.ts';
import { readHead } from './lmdb-databases.ts';
import type { Head } from './lmdb-head.ts';
import { storageFailure } from './storage-failure.ts';

/** A transaction that LMDB could not write. */
export interface CommitFailure {
  readonly error: StorageError;
  /** What the store says of itself now; undefined when that cannot be read either. */
  readonly head: Head | undefined;
}

/** How long LMDB may take to say why a commit failed. */
const reasonTimeoutMs = 1_000;

/** Waits for the writes of one transaction. Gives what went wrong; undefined when nothing did. */
export async function commitOf(
  databases: Databases,
  writes: readonly Promise<boolean>[],
  head: Head,
  { clock, path }: { readonly clock: Clock; readonly path: string },
): Promise<CommitFailure | undefined> {
  const failed = (await Promise.allSettled(writes)).find(({ status }) => status === 'rejected');
  // Readers must see from now on what has been written.
  databases.root.resetReadTxn();
  if (failed?.status !== 'rejected') return undefined;
  const reason = await reasonOf(failed.reason, clock);
  const found = headNow(databases, path);
  if (found === undefined || found.commits < head.commits) {
    return { error: storageFailure('writing', path, reason), head: found };
  }
  const { message } = storageFailure('flushing', path, reason);
  const unknown = new StorageError(
    `${message}. What was written is in the log, but may be lost with the power`,
    {
      cause: reason,
      unknown: true,
    },
  );
  return { error: unknown, head: found };
}

function headNow(databases: Databases, path: string): Head | undefined {
  try {
    return readHead(databases, path);
  } catch {
    return undefined;
  }
}

/** LMDB rejects with an error that says nothing but where to wait for the one that does. */
async function reasonOf(failure: unknown, clock: Clock): Promise<unknown> {
  const told: unknown = Reflect.get(Object(failure), 'commitError');
  if (!(told instanceof Promise)) return failure;
  let timer: TimerHandle;
  const late = new Promise((resolve) => {
    timer = clock.setTimeout(() => resolve(failure), reasonTimeoutMs, true);
  });
  try {
    await Promise.race([told, late]);
    return failure;
  } catch (reason) {
    return reason;
  } finally {
    clock.clearTimeout(timer);
  }
}
