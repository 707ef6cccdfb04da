import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { BreakwaterError, CodecError } from '../../streams/event/errors.ts';
import type { EventBatch } from './event-batch.ts';
import type { WireFormat, WireMessage } from './wire-message.ts';

/** Bytes that our headers take at most. They count against the server's limit. */
const headerBytes = 512;

/**
 * Writes a batch as one message; as several, where it would be too large and may be parted. Events that cannot be
 * written are refused one by one, and the others go.
 *
 * @throws CodecError for an atomic batch that is too large or holds such an event.
 */
export function encodeBatch(
  batch: EventBatch,
  format: WireFormat,
  maxBytes: number,
  nextId: () => string,
): WireMessage[] {
  const write = (events: readonly EventEnvelope[]): WireMessage => {
    const [first] = events;
    const message = format.encode(events, events.length === 1 && first !== undefined ? first.id : nextId());
    const { length } = message.payload;
    if (length + headerBytes <= maxBytes) return message;
    throw new CodecError(`message of ${length} bytes is beyond the ${maxBytes} that the server carries`);
  };
  const writeAll = (events: readonly EventEnvelope[]): WireMessage[] => {
    if (events.length === 0) return [];
    try {
      return [write(events)];
    } catch (error) {
      const [first] = events;
      if (first !== undefined && events.length === 1) {
        batch.refuse(first, error instanceof BreakwaterError ? error : new CodecError(describeError(error)));
        return [];
      }
      const middle = events.length >> 1;
      return [...writeAll(events.slice(0, middle)), ...writeAll(events.slice(middle))];
    }
  };
  return batch.atomic ? [write(batch.events)] : writeAll(batch.events);
}
