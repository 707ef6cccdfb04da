import type { EntityDefinition } from '../../actors/define-entity.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { timerLetterType } from './timer-letter.ts';

/** Which entity gave up an event of the dead letters, or a timer that stands there for one; undefined if that cannot be told. */
export function keyOfLetter(definition: EntityDefinition, event: EventEnvelope): string | undefined {
  const { key: timerKey } = (event.data ?? {}) as { readonly key?: unknown };
  if (event.type === timerLetterType && typeof timerKey === 'string') return timerKey;
  try {
    const key = definition.keyOf(event);
    return typeof key === 'string' ? key : undefined;
  } catch {
    return undefined;
  }
}
