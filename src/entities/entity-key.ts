import { describeValue } from '../../streams/event/describe-value.ts';
import { isWellFormed } from '../../streams/event/plain-text.ts';

/** Keys are part of texts that stores limit to 512 characters. */
const longestKey = 440;

/** Returns the key of an entity. @throws TypeError for what is none. */
export function checkEntityKey(kind: string, key: unknown): string {
  if (typeof key === 'string' && key !== '' && key.length <= longestKey && isWellFormed(key)) return key;
  throw new TypeError(
    `the key of ${kind} must be text of 1 to ${longestKey} characters, got ${describeValue(key)}`,
  );
}
