import { describeValue } from '../event/describe-value.ts';

/**
 * Checks the share of calls at which something happens.
 *
 * @throws RangeError that names the option and the value.
 */
export function checkRate(name: string, rate: number): void {
  if (!(typeof rate === 'number' && ((rate > 0 && rate <= 1) || rate === Infinity))) {
    throw new RangeError(
      `${name} must be above 0 and at most 1, or Infinity for none, got ${describeValue(rate)}`,
    );
  }
}
