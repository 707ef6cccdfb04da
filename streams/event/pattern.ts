import { describeValue } from './describe-value.ts';

/** A pattern taken apart. */
export interface Pattern {
  readonly source: string;
  /** Its tokens in order; `'*'` and `'>'` are the wildcards. */
  readonly tokens: readonly string[];
  /** Whether it has no wildcard, so that it matches itself alone. */
  readonly literal: boolean;
}

/**
 * Takes a pattern apart. The grammar is NATS': tokens joined by dots; `*` is any one token, `>` in the last
 * place is one or more. Any other character, also `*` or `>` inside a token, means itself.
 *
 * @throws TypeError when a token is empty or `>` is not last.
 *
 * @example
 * ```ts
 * parsePattern('order.*').tokens; // => ['order', '*']
 * ```
 */
export function parsePattern(source: string): Pattern {
  const fault = patternFault(source);
  if (fault !== undefined) throw new TypeError(`pattern ${describeValue(source)} ${fault}`);
  const tokens = source.split('.');
  return { source, tokens, literal: !tokens.some(isWildcard) };
}

/** Whether `source` is a pattern by NATS' grammar. */
export function isPattern(source: unknown): source is string {
  return patternFault(source) === undefined;
}

/** Whether `source` is a pattern without wildcards. */
export function isLiteralPattern(source: unknown): source is string {
  return isPattern(source) && !source.split('.').some(isWildcard);
}

/** Says what is wrong with a pattern by NATS' grammar; `undefined` when nothing is. */
export function patternFault(source: unknown): string | undefined {
  if (typeof source !== 'string') return 'must be a string';
  if (source === '') return 'must not be empty';
  let tokenStart = 0;
  for (let at = source.indexOf('.'); at >= 0; at = source.indexOf('.', tokenStart)) {
    if (at === tokenStart) return 'must not have an empty token: remove the stray dot';
    if (at === tokenStart + 1 && source.charCodeAt(tokenStart) === 62) {
      return "must have '>' in the last place only: use '*' for one token in the middle";
    }
    tokenStart = at + 1;
  }
  return tokenStart === source.length ? 'must not have an empty token: remove the stray dot' : undefined;
}

/**
 * Whether a pattern matches a type. Both are taken as valid; for what is not, the answer is false or means
 * nothing, but never throws.
 *
 * One pass over both, no allocation, nothing is ever tried twice: O(|pattern| + |type|).
 *
 * @example
 * ```ts
 * matches('order.>', 'order.placed.eu'); // => true
 * matches('order.*', 'order.placed.eu'); // => false
 * ```
 */
export function matches(pattern: string, type: string): boolean {
  let p = 0;
  let t = 0;
  for (;;) {
    const first = pattern.charCodeAt(p);
    const tokenEnds = p + 1 === pattern.length;
    if (first === 62 && tokenEnds) return t < type.length;
    if (first === 42 && (tokenEnds || pattern.charCodeAt(p + 1) === 46)) {
      const start = t;
      while (t < type.length && type.charCodeAt(t) !== 46) t += 1;
      if (t === start) return false;
      p += 1;
    } else {
      while (p < pattern.length && pattern.charCodeAt(p) !== 46) {
        if (pattern.charCodeAt(p) !== type.charCodeAt(t)) return false;
        p += 1;
        t += 1;
      }
    }
    // Both tokens must end here, and in the same way.
    if (p === pattern.length) return t === type.length;
    if (type.charCodeAt(t) !== 46) return false;
    p += 1;
    t += 1;
  }
}

/** Whether everything that `pattern` matches is matched by `of` too. */
export function isSubset(pattern: string, of: string): boolean {
  const inner = pattern.split('.');
  const outer = of.split('.');
  for (let at = 0; at < outer.length; at += 1) {
    const token = inner[at];
    if (token === undefined) return false;
    if (isRest(outer, at)) return true;
    if (isRest(inner, at)) return false;
    if (outer[at] === '*' ? token === '' : token !== outer[at]) return false;
  }
  return inner.length === outer.length;
}

/** Whether some type is matched by both patterns. */
export function overlaps(a: string, b: string): boolean {
  const left = a.split('.');
  const right = b.split('.');
  for (let at = 0; at < left.length && at < right.length; at += 1) {
    if (isRest(left, at) || isRest(right, at)) return true;
    if (left[at] !== right[at] && left[at] !== '*' && right[at] !== '*') return false;
  }
  return left.length === right.length;
}

function isRest(tokens: readonly string[], at: number): boolean {
  return tokens[at] === '>' && at === tokens.length - 1;
}

function isWildcard(token: string): boolean {
  return token === '*' || token === '>';
}
