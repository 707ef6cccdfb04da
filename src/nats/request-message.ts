import { headers, type MsgHdrs } from '@nats-io/transport-node';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { AskError, CodecError } from '../../streams/event/errors.ts';
import { typeHeader, type WireFormat } from './wire-message.ts';

/** How many milliseconds the asker waits from when it sent the request. */
export const timeoutHeader = 'Breakwater-Timeout-Ms';

/** Bytes that headers take at most. They count against the server's limit. */
const headerBytes = 512;

/** A message without its headers. */
export interface AloneMessage {
  readonly payload: Uint8Array;
  readonly contentType: string;
}

/** Headers that are kept at most, to be used again. */
const maxHeads = 256;

/** The headers of requests and replies, made once each: they cost more than the rest of a message. */
export class Heads {
  readonly #heads = new Map<string, MsgHdrs>();

  /** May be used again, and not be changed. */
  of(contentType: string, timeoutMs?: number): MsgHdrs {
    const key = timeoutMs === undefined ? contentType : `${timeoutMs} ${contentType}`;
    let head = this.#heads.get(key);
    if (head !== undefined) return head;
    head = headers();
    head.set(typeHeader, contentType);
    if (timeoutMs !== undefined) head.set(timeoutHeader, String(timeoutMs));
    if (this.#heads.size >= maxHeads) this.#heads.clear();
    this.#heads.set(key, head);
    return head;
  }
}

/** Writes a request, or what answers one, as one message. @throws AskError for what is too large, CodecError */
export function writeAlone(
  format: WireFormat,
  what: 'request' | 'reply',
  type: string,
  event: EventEnvelope,
  mostBytes: number,
): AloneMessage {
  const message = encoded(format, what, type, event);
  const { length } = message.payload;
  if (length + headerBytes <= mostBytes) return message;
  throw tooLarge(what, type, `it has ${length} bytes, the server carries ${mostBytes - headerBytes}`);
}

function encoded(format: WireFormat, what: string, type: string, event: EventEnvelope): AloneMessage {
  try {
    return format.encodeAlone(event);
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
