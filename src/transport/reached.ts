import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { Appended } from '../event-log.ts';
import type { Published } from './transport.ts';

/** Says what an append reached, by how many subscriptions match each of its events. */
export function reached(
  events: readonly EventEnvelope[],
  { level, first }: Appended,
  matching: (event: EventEnvelope) => number,
): Published {
  const [event] = events;
  if (events.length === 1 && event !== undefined) return { level, matched: matching(event), first };
  const matchedEach = events.map(matching);
  return { level, matched: sum(matchedEach), matchedEach, first };
}

/** As `reached`, of events that are in memory alone. */
export function reachedHeld(matchedEach: readonly number[]): Published {
  const matched = sum(matchedEach);
  return matchedEach.length === 1
    ? { level: 'accepted', matched }
    : { level: 'accepted', matched, matchedEach };
}

function sum(numbers: readonly number[]): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
