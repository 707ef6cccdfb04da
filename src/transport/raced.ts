/** Gives up waiting for an outcome when `signal` says so; what was begun goes on. */
export function raced<T>(outcome: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    void outcome.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
