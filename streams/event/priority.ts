import { describeValue } from './describe-value.ts';

/** How urgent an event is. Each priority has a lane of its own in every mailbox. */
export type Priority = 'critical' | 'high' | 'normal' | 'low';

/** A priority as callers may write it: `urgent` is another word for `critical`. */
export type PriorityInput = Priority | 'urgent';

/** All priorities, most urgent first; the index of a priority is its lane. */
export const priorities: readonly Priority[] = ['critical', 'high', 'normal', 'low'];

/** A priority's lane: 0 for `critical` to 3 for `low`. O(1), no lookup table. */
export function laneOf(priority: Priority): number {
  switch (priority) {
    case 'critical':
      return 0;
    case 'high':
      return 1;
    case 'normal':
      return 2;
    case 'low':
      return 3;
  }
}

/**
 * Decides which priority a caller meant, `urgent` being an alias of `critical`.
 *
 * @throws TypeError for anything else, naming the value and the allowed ones.
 */
export function parsePriority(value: unknown): Priority {
  switch (value) {
    case 'critical':
    case 'high':
    case 'normal':
    case 'low':
      return value;
    case 'urgent':
      return 'critical';
    default:
      throw new TypeError(
        `priority must be one of critical (or urgent), high, normal, low; got ${describeValue(value)}`,
      );
  }
}

/** Orders priorities, most urgent first: negative when `a` is more urgent than `b`. Fits `Array.sort`. */
export function comparePriority(a: Priority, b: Priority): number {
  return laneOf(a) - laneOf(b);
}
