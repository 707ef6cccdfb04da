import { describeValue } from '../../streams/event/describe-value.ts';

/** Returns a name that a caller chose for a subscriber. @throws TypeError for what is no name. */
export function checkSubscriberName(name: unknown): string {
  if (typeof name === 'string' && /^[\w.:-]{1,128}$/.test(name)) return name;
  throw new TypeError(
    `name of a subscriber must be 1 to 128 letters, digits, or _ . : -, got ${describeValue(name)}`,
  );
}
