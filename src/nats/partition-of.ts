const offsetBasis = 0x811c9dc5;
const prime = 0x01000193;
const utf8 = new TextEncoder();

/**
 * Decides which of `count` partitions a key belongs to: FNV-1a, 32 bits, over its UTF-8 bytes, modulo `count`.
 * Part of the wire format: every publisher, in any language, must agree. O(length), no allocation for ASCII.
 */
export function partitionOf(key: string, count: number): number {
  let hash = offsetBasis;
  for (let at = 0; at < key.length; at += 1) {
    const code = key.charCodeAt(at);
    if (code > 127) return hashBytes(utf8.encode(key)) % count;
    hash = Math.imul(hash ^ code, prime);
  }
  return (hash >>> 0) % count;
}

function hashBytes(bytes: Uint8Array): number {
  let hash = offsetBasis;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, prime);
  return hash >>> 0;
}
