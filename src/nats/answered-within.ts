import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import { TransportError } from '../../streams/event/errors.ts';

/**
 * Waits for an answer for `ms` milliseconds at most. What was asked for may happen all the same.
 *
 * @throws TransportError when there is none by then; what `asked` rejects with.
 */
export async function answeredWithin<T>(clock: Clock, ms: number, asked: Promise<T>): Promise<T> {
  let timer: TimerHandle;
  const late = new Promise<never>((_resolve, reject) => {
    timer = clock.setTimeout(() => reject(new TransportError(`no answer within ${ms} ms`)), ms, true);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clock.clearTimeout(timer);
  }
}
