import fc from 'fast-check';
import type { Interleaving } from './interleaving.ts';

/**
 * Draws an interleaving: which asynchronous step goes first wherever more than one may.
 *
 * Shrinks towards none, which is first come, first served; what is left tells which step had to overtake.
 */
export function anyInterleaving(
  options: {
    /** Choices after which all is first come, first served. Default `64`. */ readonly maxChoices?: number;
  } = {},
): fc.Arbitrary<Interleaving> {
  const { maxChoices = 64 } = options;
  const choice = fc.oneof(
    { withCrossShrink: true },
    { weight: 1, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.nat(5) },
  );
  return fc.array(choice, { maxLength: maxChoices, size: 'max' });
}
