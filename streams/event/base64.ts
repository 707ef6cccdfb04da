const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

const invalid = 0xff;

/** The six bits of each character. */
const values = new Uint8Array(128).fill(invalid);
for (let at = 0; at < alphabet.length; at += 1) values[alphabet.charCodeAt(at)] = at;

/** Writes bytes as base64 (RFC 4648 §4, with padding). */
export function encodeBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const bits = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    parts.push(
      digit(bits >> 18),
      digit(bits >> 12),
      left > 1 ? digit(bits >> 6) : '=',
      left > 2 ? digit(bits) : '=',
    );
  }
  return parts.join('');
}

/**
 * Reads base64; `undefined` when `text` is none. Strict: padding must be there, nothing else may be, and bits
 * that no byte holds must be 0, so that each array of bytes has one spelling.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  for (let at = 0; at < text.length; at += 4) {
    const padded = at + 4 === text.length ? padding : 0;
    const bits =
      (bitsOf(text, at) << 18) |
      (bitsOf(text, at + 1) << 12) |
      ((padded > 1 ? 0 : bitsOf(text, at + 2)) << 6) |
      (padded > 0 ? 0 : bitsOf(text, at + 3));
    if (!isClean(text, at, 4 - padded)) return undefined;
    if (padded > 0 && (bits & (padded > 1 ? 0xffff : 0xff)) !== 0) return undefined;
    const to = (at / 4) * 3;
    bytes[to] = bits >> 16;
    if (padded < 2) bytes[to + 1] = bits >> 8;
    if (padded < 1) bytes[to + 2] = bits;
  }
  return bytes;
}

function isClean(text: string, start: number, count: number): boolean {
  for (let at = start; at < start + count; at += 1) {
    if (bitsOf(text, at) === invalid) return false;
  }
  return true;
}

function bitsOf(text: string, at: number): number {
  return values[text.charCodeAt(at)] ?? invalid;
}

function digit(bits: number): string {
  return alphabet[bits & 63] ?? '';
}
