import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { AskError, CodecError } from '../../streams/event/errors.ts';
import type { WireFormat, WireMessage } from './wire-message.ts';

/** How many milliseconds the asker waits from when it sent the request. */
export const timeoutHeader = 'Breakwater-Timeout-Ms';

/** Bytes that headers take at most. They count against the server's limit. */
const headerBytes = 512;

/** Writes a request, or what answers one, as one message. @throws AskError for what is too large, CodecError */
export function writeAlone(
  format: WireFormat,
  what: 'request' | 'reply',
  type: string,
  event: EventEnvelope,
  mostBytes: number,
): WireMessage {
  const message = encoded(format, what, type, event);
  const { length } = message.payload;
  if (length + headerBytes <= mostBytes) return message;
  throw tooLarge(what, type, `it has ${length} bytes, the server carries ${mostBytes - headerBytes}`);
}

function encoded(format: WireFormat, what: string, type: string, event: EventEnvelope): WireMessage {
  try {
    return format.encode([event], event.id);
  } catch (cause) {
    const why = describeError(cause);
    if (cause instanceof CodecError && /goes beyond the \d+ bytes/.test(why)) {
      throw tooLarge(what, type, why, cause);
    }
    throw new CodecError(`the ${what} ${type} cannot be written: ${why}`, { cause });
  }
}

function tooLarge(what: string, type: string, why: string, cause?: unknown): AskError {
  return new AskError(
    `the ${what} ${type} is too large for one message: ${why}. Send less, or raise maxMessageBytes and max_payload`,
    { code: 'ERR_ASK_TOO_LARGE', type, cause },
  );
}

/** Reads for how long an asker waits; what says nothing sensible waits `usualMs`. */
export function readTimeout(text: string | undefined, usualMs: number): number {
  const ms = text === undefined || !/^\d{1,10}$/.test(text) ? 0 : Number(text);
  return ms >= 1 ? ms : usualMs;
}
