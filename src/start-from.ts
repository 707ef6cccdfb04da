import { describeValue } from '../streams/event/describe-value.ts';

/**
 * Where a new subscription begins: with what comes from now on, with the oldest event that is kept, with those
 * appended at a time or later (milliseconds since the epoch), or at a position of the log.
 */
export type StartFrom = 'now' | 'start' | { readonly time: number } | { readonly position: number };

/** Checks where a subscription is to begin. @throws TypeError, RangeError */
export function checkStart(from: unknown): StartFrom {
  if (from === 'now' || from === 'start') return from;
  if (typeof from === 'object' && from !== null) {
    const { time, position } = from as { readonly time?: unknown; readonly position?: unknown };
    if (typeof time === 'number' && Number.isFinite(time) && position === undefined) return { time };
    if (Number.isSafeInteger(position) && (position as number) >= 1 && time === undefined) {
      return { position: position as number };
    }
  }
  throw new TypeError(
    `from must be 'now', 'start', { time } in milliseconds since the epoch, or { position } of 1 or more; ` +
      `got ${describeValue(from)}`,
  );
}
