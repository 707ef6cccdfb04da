import { describeValue } from './describe-value.ts';
import { isTokenCharacter } from './event-type.ts';

const maxLength = 255;

/** A pattern in the glob dialect, as {@link glob} makes it. Plain data: it survives JSON. */
export interface GlobPattern {
  readonly kind: 'glob';
  /** The pattern as written. */
  readonly source: string;
}

/**
 * Makes a pattern in which `*` is any run of characters, dots included, also none: `glob('validation.*')`
 * matches every validation event, however deep. For stars that stop at dots use a plain pattern.
 *
 * @throws TypeError when no event type could match, and for more than 255 characters.
 *
 * @example
 * ```ts
 * bus.subscribe(glob('*.error.*'), (event) => page(event));
 * ```
 */
export function glob(source: string): GlobPattern {
  const refuse = (fault: string): never => {
    throw new TypeError(`glob ${describeValue(source)} ${fault}`);
  };
  if (typeof source !== 'string') return refuse('must be a string');
  if (source === '') return refuse('must not be empty');
  if (source.length > maxLength) return refuse(`must have at most ${maxLength} characters`);
  for (let at = 0; at < source.length; at += 1) {
    const code = source.charCodeAt(at);
    if (isTokenCharacter(code) || code === 42 || code === 46) continue;
    return refuse(
      `can match no event: only letters, digits, _, -, . and * mean something, not ${describeValue(source[at])}`,
    );
  }
  if (source.startsWith('.') || source.endsWith('.') || source.includes('..')) {
    return refuse('can match no event: event types have no empty token. Remove the stray dot');
  }
  return { kind: 'glob', source };
}

/** Whether a pattern, given as text or object, is in the glob dialect. */
export function isGlob(pattern: unknown): pattern is GlobPattern {
  return typeof pattern === 'object' && pattern !== null && (pattern as { kind?: unknown }).kind === 'glob';
}

/**
 * Turns a glob into a test of event types.
 *
 * Each piece between stars is sought once, from where the last one ended, and never again: the leftmost
 * place is always as good as any, so there is nothing to go back to. O(|type| × longest piece), in practice
 * one pass.
 */
export function compileGlob({ source }: GlobPattern): (type: string) => boolean {
  const pieces = source.split('*');
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  if (pieces.length === 1) return (type) => type === source;
  const middle = pieces.slice(1, -1).filter((piece) => piece !== '');

  return function matchesGlob(type) {
    if (!type.startsWith(first) || !type.endsWith(last)) return false;
    const end = type.length - last.length;
    let at = first.length;
    for (const piece of middle) {
      const found = type.indexOf(piece, at);
      if (found < 0) return false;
      at = found + piece.length;
    }
    return at <= end;
  };
}

/**
 * The narrowest plain pattern that matches all that a glob matches, for sources that speak NATS' grammar:
 * subscribe to it and filter what is left over by the glob.
 *
 * @example
 * ```ts
 * coveringPattern(glob('validation.*')); // => 'validation.>'
 * ```
 */
export function coveringPattern({ source }: GlobPattern): string {
  const star = source.indexOf('*');
  if (star < 0) return source;
  const dot = source.lastIndexOf('.', star);
  return dot < 0 ? '>' : `${source.slice(0, dot)}.>`;
}
