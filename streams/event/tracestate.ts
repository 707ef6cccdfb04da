/** One vendor's entry: key and value. */
export type TracestateMember = readonly [key: string, value: string];

const maxMembers = 32;
/** What W3C asks everyone to pass on at least, and what an envelope holds at most. */
const maxLength = 512;

/**
 * Takes a `tracestate` apart, first member first; `undefined` when it is invalid, which by W3C means to
 * drop all of it. Of a key that comes twice the first counts.
 */
export function parseTracestate(text: string): readonly TracestateMember[] | undefined {
  const members = new Map<string, string>();
  let count = 0;
  for (const part of text.split(',')) {
    const member = trimBlanks(part);
    if (member === '') continue;
    count += 1;
    const equals = member.indexOf('=');
    const key = member.slice(0, equals < 0 ? 0 : equals);
    const value = member.slice(equals + 1);
    if (count > maxMembers || !isKey(key) || !isValue(value)) return undefined;
    if (!members.has(key)) members.set(key, value);
  }
  return [...members];
}

/** Writes a `tracestate`, leaving out members from the end until it has at most 512 characters. */
export function formatTracestate(members: readonly TracestateMember[]): string {
  const parts: string[] = [];
  let length = -1;
  for (const [key, value] of members) {
    const part = `${key}=${value}`;
    length += part.length + 1;
    if (length > maxLength) break;
    parts.push(part);
  }
  return parts.join(',');
}

/** Whether `text` is a valid `tracestate` of 1 to 512 characters. */
export function isTracestate(text: unknown): text is string {
  return (
    typeof text === 'string' && text !== '' && text.length <= maxLength && parseTracestate(text) !== undefined
  );
}

/** Takes away the optional blanks (spaces and tabs, nothing else) that HTTP allows around a value. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

// Bounded repeats of one class and no alternatives that overlap: these cannot backtrack.
function isKey(key: string): boolean {
  return /^[a-z0-9][a-z0-9_*/@-]{0,255}$/.test(key);
}

function isValue(value: string): boolean {
  return /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{1,256}$/.test(value);
}
