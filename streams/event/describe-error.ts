import { describeValue } from './describe-value.ts';

const longest = 300;

/**
 * Describes whatever was thrown, for a log or a message: `TypeError: x is not a function`.
 *
 * Never throws itself: handlers throw what they like, proxies and getters that throw among it.
 */
export function describeError(error: unknown): string {
  try {
    if (!(error instanceof Error)) return describeValue(error);
    const { name, message } = error;
    return `${name}: ${message}`.slice(0, longest);
  } catch {
    return 'an error that cannot be read';
  }
}
