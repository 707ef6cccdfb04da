import { describeValue } from './describe-value.ts';
import { isTokenCharacter } from './event-type.ts';
import { patternFault } from './pattern.ts';

const maxTokens = 16;
const maxLength = 255;

/**
 * Decides whether a subscription to `pattern` makes sense, and returns it.
 *
 * Stricter than NATS' grammar: what could never match an event type is refused, since a subscription that
 * stays silent for ever is most likely a slip of the pen.
 *
 * @throws TypeError that names the pattern, what is wrong with it, and what to write instead.
 */
export function checkSubscriptionPattern(pattern: unknown): string {
  const fault = patternFault(pattern);
  if (fault !== undefined || typeof pattern !== 'string') return refuse(pattern, fault ?? 'must be a string');
  // Each wildcard stands for at least one character and token, so a longer pattern matches nothing.
  if (pattern.length > maxLength) {
    return refuse(pattern, `must have at most ${maxLength} characters, as event types do`);
  }
  const tokens = pattern.split('.');
  if (tokens.length > maxTokens) {
    return refuse(pattern, `must have at most ${maxTokens} tokens, as event types do`);
  }
  for (const token of tokens) checkToken(pattern, token);
  return pattern;
}

function checkToken(pattern: string, token: string): void {
  if (token === '*' || token === '>') return;
  for (let at = 0; at < token.length; at += 1) {
    const code = token.charCodeAt(at);
    if (isTokenCharacter(code)) continue;
    if (code === 42) {
      refuse(
        pattern,
        "can match no event: '*' must be a whole token. Use glob() for a star that matches parts of tokens or crosses dots",
      );
    }
    if (code === 62) {
      refuse(pattern, "can match no event: '>' must be a whole token, in the last place, as in 'order.>'");
    }
    refuse(
      pattern,
      `can match no event: tokens of event types hold letters, digits, _ and -, not ${describeValue(token[at])}`,
    );
  }
}

function refuse(pattern: unknown, fault: string): never {
  throw new TypeError(`pattern ${describeValue(pattern)} ${fault}`);
}
