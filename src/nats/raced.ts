import type { Published } from '../transport/transport.ts';

/** Gives up waiting for a publish when `signal` says so; the publish itself goes on. */
export function raced(outcome: Promise<Published>, signal: AbortSignal): Promise<Published> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    void outcome.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
