import type { Handler } from '../../actors/handler.ts';
import type { Clock } from '../../streams/event/clock.ts';
import { FatalError, RetryableError } from '../../streams/event/errors.ts';

/**
 * What a handler does with one call. `-later`: after `takesMs`. `throw-odd`: throws what is no error. `hang`: never
 * settles. `retry-after`: throws a `RetryableError` that asks for `takesMs`.
 */
export type HandlerDeed =
  | 'ok'
  | 'ok-later'
  | 'throw'
  | 'throw-later'
  | 'throw-odd'
  | 'fatal'
  | 'retry-after'
  | 'hang';

/** What a handler does with one event: at the first attempt, the second and so on; the last deed goes on for ever. */
export interface HandlerScript {
  readonly deeds: readonly HandlerDeed[];
  readonly takesMs: number;
}

/** Makes a handler that follows a script, on the clock of its bus: `scriptedHandler(script, bus.clock)`. */
export function scriptedHandler(script: HandlerScript, clock: Clock): Handler {
  return (_event, { attempt }) => performDeed(script, attempt, clock);
}

/** Does what the script says for an attempt. Returns a promise only where it takes time. */
export function performDeed({ deeds, takesMs }: HandlerScript, attempt: number, clock: Clock): unknown {
  const deed = deeds[Math.min(attempt, deeds.length) - 1] ?? 'ok';
  switch (deed) {
    case 'ok':
      return undefined;
    case 'ok-later':
      return wait(clock, takesMs);
    case 'throw':
      throw new Error('thrown as scripted');
    case 'throw-later':
      return wait(clock, takesMs).then(() => {
        throw new Error('rejected as scripted');
      });
    case 'throw-odd':
      throw [undefined, null, 'text', 0][takesMs % 4];
    case 'fatal':
      throw new FatalError('fatal as scripted');
    case 'retry-after':
      throw new RetryableError('come back, as scripted', { retryAfterMs: takesMs });
    case 'hang':
      return new Promise(() => {});
  }
}

function wait(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimeout(resolve, ms));
}
