import { ValidEnvelope, type EventEnvelope } from '../../streams/event/envelope.ts';
import { entityEventId } from './entity-event-id.ts';
import type { EntityInput } from './live-entity.ts';

/** The type under which a timer that was given up is in the dead letters. */
export const timerLetterType = 'breakwater.entity.timer';

/** Stands in the dead letters for what came to an entity and was no event: a delay that ended, the result of a child. */
export function timerLetter(kind: string, key: string, { time, signal }: EntityInput): EventEnvelope {
  const id = entityEventId(time, `${kind}\u0000${key}\u0000timer\u0000${time}`);
  const data = { kind, key, signal: signal?.type ?? 'timer' };
  return new ValidEnvelope(id, timerLetterType, 'breakwater', time, 'normal', 1, data, undefined, undefined);
}
