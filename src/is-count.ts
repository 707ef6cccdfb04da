/** Whether a value that somebody else may have written is a whole number from 0 on: a position, a token, a sequence. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
