import { describeValue } from '../event/describe-value.ts';

/**
 * Returns `value` if it is a whole number of at least `least`.
 *
 * @throws RangeError that names the option, the bound and the value.
 */
export function checkWhole(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(`${name} must be a whole number of at least ${least}, got ${describeValue(value)}`);
}

/**
 * Returns `value` if it is a whole number of at least `least`, or `Infinity`.
 *
 * @throws RangeError that names the option, the bound and the value.
 */
export function checkLimit(name: string, value: number, least: number): number {
  if (value === Infinity || (Number.isSafeInteger(value) && value >= least)) return value;
  throw new RangeError(
    `${name} must be a whole number of at least ${least}, or Infinity, got ${describeValue(value)}`,
  );
}

/**
 * Returns `value` if it is milliseconds from `least` on, with or without fractions.
 *
 * @throws RangeError that names the option, the bound and the value.
 */
export function checkMs(name: string, value: number, least: number): number {
  // A text compares as the number that it spells.
  if (typeof value === 'number' && value >= least && value < Infinity) return value;
  throw new RangeError(`${name} must be milliseconds, at least ${least}, got ${describeValue(value)}`);
}
