/**
 * Hashes bytes by SHA-1 (RFC 3174). Not for secrets: it is here because UUIDv5 is defined by it, and because this
 * room has no crypto of a platform.
 */
export function sha1(message: Uint8Array): Uint8Array {
  const blocks = pad(message);
  const state = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
  const schedule = new Int32Array(80);
  for (let at = 0; at < blocks.byteLength; at += 64) compress(state, schedule, blocks, at);

  const digest = new DataView(new ArrayBuffer(20));
  for (const [at, word] of state.entries()) digest.setInt32(at * 4, word);
  return new Uint8Array(digest.buffer);
}

/** A one bit, zeros up to a full block, and the length in bits. */
function pad(message: Uint8Array): DataView {
  const padded = new Uint8Array(Math.ceil((message.length + 9) / 64) * 64);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(message.length) * 8n);
  return view;
}

function compress(state: Int32Array, words: Int32Array, blocks: DataView, start: number): void {
  for (let at = 0; at < 16; at += 1) words[at] = blocks.getInt32(start + at * 4);
  for (let at = 16; at < 80; at += 1) {
    words[at] = rotate(
      word(words, at - 3) ^ word(words, at - 8) ^ word(words, at - 14) ^ word(words, at - 16),
      1,
    );
  }
  let [a, b, c, d, e] = [word(state, 0), word(state, 1), word(state, 2), word(state, 3), word(state, 4)];
  for (let at = 0; at < 80; at += 1) {
    const next = (rotate(a, 5) + mix(at, b, c, d) + e + word(words, at)) | 0;
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  }
  for (const [at, value] of [a, b, c, d, e].entries()) state[at] = word(state, at) + value;
}

function mix(round: number, b: number, c: number, d: number): number {
  if (round < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (round < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (round < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function word(words: Int32Array, at: number): number {
  return words[at] ?? 0;
}
