import fc from 'fast-check';
import { LawViolation } from 'breakwater/testing';
import { expect } from 'vitest';

/** How soon each bug must be found. */
export const numRuns = 1_000;

/** Runs a law that must not hold. `most` bounds the size of what it gives: its counterexample, as JSON. */
export async function expectBroken(held: Promise<void>, law: string, most: number): Promise<void> {
  const error: unknown = await held.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(LawViolation);
  const { counterexample, message, runs, ...violation } = error as LawViolation;
  expect(violation.law).toBe(law);
  expect(runs).toBeLessThanOrEqual(numRuns);
  expect(message).toContain(`${law} does not hold: `);
  expect(message).toContain('{ only: ');
  expect(fc.stringify(counterexample).length).toBeLessThanOrEqual(most);
}

/** Planted bugs as the rows of a table of tests. */
export function casesOf<T>(planted: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(planted);
}
