import { describeValue } from '../event/describe-value.ts';

/**
 * Makes a reader of numbers that refuses all else, so that one NaN cannot spoil a window.
 *
 * @throws TypeError for what is no function; from the reader, naming the aggregate and what it got.
 */
export function numberOf<T>(aggregate: string, select: (value: T) => number): (value: T) => number {
  if (typeof select !== 'function') {
    throw new TypeError(`${aggregate} needs a function that reads a number, got ${describeValue(select)}`);
  }
  return (value) => {
    const read = select(value);
    if (Number.isFinite(read)) return read;
    throw new TypeError(`${aggregate} needs finite numbers, got ${describeValue(read)}`);
  };
}
