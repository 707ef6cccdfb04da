import type { Clock } from '../../streams/event/clock.ts';
import { TransportError } from '../../streams/event/errors.ts';
import { foundNoPeers } from './found-no-peers.ts';

const firstDelayMs = 200;

/**
 * Tries what may fail while a cluster elects a leader: `attempts` times, six of which take some six seconds.
 *
 * @throws what the last try threw; at once, what waiting cannot cure.
 */
export async function patiently<T>(clock: Clock, attempts: number, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === attempts || !isPassing(error)) throw error;
    }
    await new Promise<void>((resolve) => clock.setTimeout(resolve, firstDelayMs * 2 ** (attempt - 1)));
  }
}

/** Nobody answered, which is what a server without JetStream and a cluster without a leader have in common. */
function isPassing(error: unknown): boolean {
  const { cause } = error instanceof TransportError ? error : { cause: error };
  if (!(cause instanceof Error)) return false;
  return (
    cause.name === 'TimeoutError' ||
    cause.name === 'JetStreamNotEnabled' ||
    ('status' in cause && cause.status === 503) ||
    foundNoPeers(cause)
  );
}
