import { describeValue } from '../streams/event/describe-value.ts';

/**
 * Decides whether a subscription's place in the log is kept: where it has a name, unless it asks for the contrary.
 *
 * @throws TypeError when the place is to be kept and there is no name to keep it under.
 */
export function keepsPlace(name: string | undefined, durable: boolean | undefined): boolean {
  if (durable !== undefined && typeof durable !== 'boolean') {
    throw new TypeError(`durable must be true or false, got ${describeValue(durable)}`);
  }
  if (durable === true && name === undefined) {
    throw new TypeError('durable needs a name: the place in the log is kept under it');
  }
  return durable ?? name !== undefined;
}
