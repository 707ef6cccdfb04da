import { describeValue } from './describe-value.ts';
import { faultError, fieldError } from './field-error.ts';

const maxTokens = 16;
const maxLength = 255;

/** First tokens that users may not publish under, and whose they are. */
const reserved = new Map([
  ['breakwater', "Breakwater's own events"],
  ['_INBOX', 'NATS replies'],
  ['$JS', 'JetStream'],
  ['$SYS', 'the NATS server'],
  ['$KV', 'NATS key-value stores'],
  ['$O', 'NATS object stores'],
]);

/**
 * Whether `type` can be an event's type: 1 to 16 tokens of `[A-Za-z0-9_-]+` joined by dots, at most 255
 * characters. Does not look at reserved names. One pass, no allocation.
 */
export function isEventType(type: unknown): type is string {
  if (typeof type !== 'string' || type.length > maxLength) return false;
  let tokens = 1;
  let tokenStart = 0;
  for (let at = 0; at < type.length; at += 1) {
    const code = type.charCodeAt(at);
    if (isTokenCharacter(code)) continue;
    if (code !== 46 || at === tokenStart) return false;
    tokenStart = at + 1;
    tokens += 1;
  }
  return tokens <= maxTokens && tokenStart < type.length;
}

/**
 * Decides whether one may publish under `type`, and returns it: a user, or with `system` Breakwater itself.
 *
 * @throws ValidationError for what is no event type, and for first tokens that are reserved: `breakwater`,
 * `_INBOX` and names that start with `$`.
 */
export function checkEventType(type: unknown, system = false): string {
  if (!isEventType(type)) throw typeFault(type);
  const owner = reservedOwner(type);
  if (owner !== undefined && !(system && type.startsWith('breakwater'))) throw reservedFault(type, owner);
  return type;
}

/** Whether `code` may stand in a token of an event type. */
export function isTokenCharacter(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 48 && code <= 57) ||
    code === 95 ||
    code === 45
  );
}

// Only these two first characters begin a reserved token, so that most types never touch the map.
function reservedOwner(type: string): string | undefined {
  const first = type.charCodeAt(0);
  if (first !== 98 && first !== 95) return undefined;
  const dot = type.indexOf('.');
  return reserved.get(dot < 0 ? type : type.slice(0, dot));
}

function reservedFault(type: string, owner: string): Error {
  return faultError(
    'type',
    `${describeValue(type)} starts with a token that is reserved for ${owner}`,
    'Choose another first token',
  );
}

function typeFault(type: unknown): Error {
  const rule = `be 1 to ${maxTokens} tokens of letters, digits, _ and -, joined by dots`;
  if (typeof type !== 'string') return fieldError('type', rule, type, "Write it like 'order.placed'");
  if (type.length > maxLength) return fieldError('type', `have at most ${maxLength} characters`, type);

  const tokens = type.split('.');
  const owner = reserved.get(tokens[0] ?? '');
  if (owner !== undefined) return reservedFault(type, owner);
  if (tokens.length > maxTokens) return fieldError('type', `have at most ${maxTokens} tokens`, type);
  if (type !== '' && tokens.includes(''))
    return fieldError('type', 'have no empty token', type, 'Remove the stray dot');
  if (tokens.some((token) => token === '*' || token === '>')) {
    return fieldError('type', 'have no wildcard', type, 'Wildcards are for subscriptions');
  }
  return fieldError('type', rule, type, "Write it like 'order.placed'");
}
