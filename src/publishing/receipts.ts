import type { PublishReceipt } from '../../actors/handler.ts';
import type { ValidEnvelope } from '../../streams/event/envelope.ts';
import type { Published } from '../transport/transport.ts';

/** The receipt of the event with this id. */
export function receiptOf(id: string, published: Published): PublishReceipt {
  const { level, matched: subscribers, first } = published;
  if (first !== undefined) return { id, level, position: first, subscribers };
  return { id, level, subscribers };
}

/** The receipt of each event of a batch. Those that the gate kept back reached nobody, and that is no failure. */
export function batchReceipts(
  made: readonly ValidEnvelope[],
  passing: readonly ValidEnvelope[],
  { level, matched, matchedEach, first }: Published,
): PublishReceipt[] {
  const places = new Map(passing.map((event, place) => [event, place]));
  return made.map((event) => {
    const place = places.get(event);
    if (place === undefined) return { id: event.id, level: 'none', subscribers: 0 };
    const subscribers = matchedEach?.[place] ?? matched;
    return first === undefined
      ? { id: event.id, level, subscribers }
      : { id: event.id, level, position: first + place, subscribers };
  });
}
