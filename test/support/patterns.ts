import fc from 'fast-check';

const words = ['a', 'b', 'error', '42'];

/** Event types over few words, so that patterns meet them. */
export const types: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...words), { minLength: 1, maxLength: 5 })
  .map((tokens) => tokens.join('.'));

/** Valid patterns over the same words. */
export const patterns: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(fc.constantFrom(...words, '*'), { minLength: 0, maxLength: 4 }),
    fc.constantFrom('>', '*', 'a'),
  )
  .map(([tokens, last]) => [...tokens, last].join('.'));

/** What a pattern matches, the slow and plain way: the reference for everything faster. */
export function matchesByTokens(pattern: string, type: string): boolean {
  const wanted = pattern.split('.');
  const given = type.split('.');
  const rest = wanted.at(-1) === '>';
  const fixed = rest ? wanted.slice(0, -1) : wanted;
  if (rest ? given.length <= fixed.length : given.length !== fixed.length) return false;
  return fixed.every((token, at) => token === '*' || token === given[at]);
}
