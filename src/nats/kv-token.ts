const plain = /^[A-Za-z0-9_-]$/;
const utf8 = new TextEncoder();
const text = new TextDecoder('utf-8', { fatal: true });

/**
 * Writes any text as one token of a subject, of the letters that keys of NATS KV may have.
 *
 * Letters, digits, `_` and `-` stand for themselves, other bytes are `=` and two hexadecimal digits: `a.b` is
 * `a=2Eb`. Where that gets longer than base64url, it is `=_` and base64url instead: a server reads lines of 4 096
 * bytes at most.
 */
export function kvToken(value: string): string {
  let escaped = '';
  const bytes = utf8.encode(value);
  for (const byte of bytes) {
    const letter = String.fromCharCode(byte);
    escaped += plain.test(letter) ? letter : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  if (escaped.length <= 2 + Math.ceil((bytes.length * 4) / 3)) return escaped;
  const encoded = `=_${Buffer.from(bytes).toString('base64url')}`;
  return encoded.length < escaped.length ? encoded : escaped;
}

/** The text that a token stands for; `undefined` when `kvToken` did not write it. */
export function textOfKvToken(token: string): string | undefined {
  try {
    const value = text.decode(bytesOf(token));
    return kvToken(value) === token ? value : undefined;
  } catch {
    return undefined;
  }
}

function bytesOf(token: string): Uint8Array {
  if (token.startsWith('=_')) return Buffer.from(token.slice(2), 'base64url');
  const bytes: number[] = [];
  for (let at = 0; at < token.length; at += 1) {
    if (token[at] !== '=') bytes.push(token.charCodeAt(at));
    else {
      bytes.push(Number.parseInt(token.slice(at + 1, at + 3), 16));
      at += 2;
    }
  }
  return Uint8Array.from(bytes);
}
