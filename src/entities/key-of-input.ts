import type { EntityDefinition } from '../../actors/define-entity.ts';
import { checkEntityKey } from './entity-key.ts';
import type { EntityInput } from './live-entity.ts';

/** The key of an input, found out once. Undefined for one that is for no entity; its fault says why, where that is one. */
export function keyOfInput(
  { kind, keyOf }: Pick<EntityDefinition, 'kind' | 'keyOf'>,
  input: EntityInput,
): string | undefined {
  const { key, fault, event } = input;
  if (key !== undefined || fault !== undefined || event === undefined) return key;
  try {
    const found = keyOf(event);
    if (found === undefined) return undefined;
    input.key = checkEntityKey(kind, found);
    return input.key;
  } catch (error) {
    input.fault = error ?? new TypeError(`the key selector of ${kind} threw nothing`);
    return undefined;
  }
}
