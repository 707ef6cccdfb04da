import { describeError } from '../../streams/event/describe-error.ts';
import { BreakwaterError, type Refusal } from '../../streams/event/errors.ts';

const longest = 300;

/**
 * What an asker is told of what a responder threw.
 *
 * Of errors with a code, code and message: they are meant to be read elsewhere. Of all others only that there was
 * one: their messages may hold what is nobody's business.
 */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof BreakwaterError) {
    const { code, retryable, message } = error;
    const retryAfterMs = 'retryAfterMs' in error ? error.retryAfterMs : undefined;
    return {
      code,
      message: message.slice(0, longest),
      retryable,
      ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
    };
  }
  return {
    code: 'ERR_ASK_FAILED',
    message: 'the responder failed; its log says why',
    retryable: true,
  };
}

/** Reads a refusal that came from elsewhere, whatever it is. */
export function readRefusal(data: unknown): Refusal {
  const { code, message, retryable, retryAfterMs } = (
    typeof data === 'object' && data !== null ? data : {}
  ) as Partial<Record<keyof Refusal, unknown>>;
  const known = typeof code === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(code);
  const text = typeof message === 'string' ? message : describeError(message);
  const waits = typeof retryAfterMs === 'number' && retryAfterMs >= 0 && retryAfterMs < Infinity;
  return {
    code: known ? code : 'ERR_ASK_FAILED',
    message: text.slice(0, longest),
    retryable: retryable === true,
    ...(waits ? { retryAfterMs } : {}),
  };
}
