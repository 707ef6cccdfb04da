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
  return fc.array(fc.nat(5), { maxLength: maxChoices, size: 'max' });
}
