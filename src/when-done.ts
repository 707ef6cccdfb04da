/**
 * Goes on with a value at once where it is there, else when its promise settles.
 *
 * Stores in memory answer at once, those on a disk may not: what reads them must not pay for a promise that nobody
 * needs, and must keep its order where there is none. `failed` hears of a rejection, not of what `settled` throws.
 */
export function whenDone<T>(
  value: T | Promise<T>,
  settled: (value: T) => void,
  failed: (error: unknown) => void,
): void {
  if (value instanceof Promise) void value.then(settled, failed);
  else settled(value);
}

/** As `whenDone`, of a call that may throw at once. */
export function whenCalled<T>(
  call: () => T | Promise<T>,
  settled: (value: T) => void,
  failed: (error: unknown) => void,
): void {
  let value: T | Promise<T>;
  try {
    value = call();
  } catch (error) {
    failed(error);
    return;
  }
  whenDone(value, settled, failed);
}
