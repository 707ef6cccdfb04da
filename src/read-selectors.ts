import type { AnyEventDefinition } from '../streams/event/define-event.ts';
import { checkKey } from '../streams/event/envelope-check.ts';
import { ValidationError } from '../streams/event/errors.ts';
import type { Priority } from '../streams/event/priority.ts';

/** Reads key and priority of a payload for the sake of what may be wrong with them. */
export function readSelectors(definition: AnyEventDefinition, payload: unknown): void {
  readKey(definition, payload);
  readPriority(definition, payload);
}

/**
 * The key that a definition reads from a payload. The schema has just said that the payload is what the
 * definition's selectors take.
 *
 * @throws ValidationError when the selector throws, or gives what cannot be a key.
 */
export function readKey(definition: AnyEventDefinition, payload: unknown): string | undefined {
  let key: string | undefined;
  try {
    key = definition.keyOf(payload as never);
  } catch (cause) {
    throw selectorThrew(definition, cause);
  }
  if (key !== undefined) checkKey(key);
  return key;
}

/** The priority that a definition reads from a payload, as `readKey` does the key. */
export function readPriority(definition: AnyEventDefinition, payload: unknown): Priority {
  try {
    return definition.priorityOf(payload as never);
  } catch (cause) {
    throw selectorThrew(definition, cause);
  }
}

function selectorThrew(definition: AnyEventDefinition, cause: unknown): ValidationError {
  return new ValidationError(`${definition.type}: the key or priority function of its definition threw`, {
    issues: [{ field: 'data', message: 'key or priority could not be read from the payload' }],
    cause,
  });
}
