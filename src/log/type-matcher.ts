import { describeValue } from '../../streams/event/describe-value.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import { PatternIndex } from '../../streams/event/pattern-index.ts';

type Patterns = readonly (string | GlobPattern)[];

/** A reader asks with the same array page after page. */
const known = new WeakMap<Patterns, (type: string) => boolean>();

/** Says of types whether one of the patterns matches. The array must not change afterwards. @throws TypeError */
export function typeMatcher(patterns: Patterns): (type: string) => boolean {
  if (!Array.isArray(patterns)) {
    throw new TypeError(`patterns must be an array, got ${describeValue(patterns)}`);
  }
  const kept = known.get(patterns);
  if (kept !== undefined) return kept;
  const index = new PatternIndex<true>();
  for (const pattern of patterns) index.add(pattern, true);
  const matcher = (type: string): boolean => index.match(type).length > 0;
  known.set(patterns, matcher);
  return matcher;
}
