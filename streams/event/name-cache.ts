const slots = 256;
const maxSize = 32;

/**
 * Names that were decoded lately, by their bytes: the names of members are few and come with every event.
 *
 * One name a slot; another one with the same hash takes its place. A hit is compared byte for byte, so that
 * what is kept can change how long decoding takes, but never what it gives. At most 256 names of 32 bytes.
 */
export class NameCache {
  readonly #bytes: (Uint8Array | undefined)[] = Array.from({ length: slots });
  readonly #names: string[] = Array.from({ length: slots }, () => '');

  /** The name at this place, if it is kept. The bytes must be there. */
  find(bytes: Uint8Array, start: number, size: number): string | undefined {
    if (size > maxSize) return undefined;
    const slot = slotOf(bytes, start, size);
    const kept = this.#bytes[slot];
    if (kept === undefined || kept.length !== size) return undefined;
    for (let at = 0; at < size; at += 1) {
      if (kept[at] !== bytes[start + at]) return undefined;
    }
    return this.#names[slot];
  }

  /** Keeps the name at this place. */
  keep(bytes: Uint8Array, start: number, size: number, name: string): void {
    if (size > maxSize) return;
    const slot = slotOf(bytes, start, size);
    this.#bytes[slot] = Uint8Array.from(bytes.subarray(start, start + size));
    this.#names[slot] = name;
  }
}

// Length, first, middle and last byte tell the names of a program apart well enough.
function slotOf(bytes: Uint8Array, start: number, size: number): number {
  if (size === 0) return 0;
  const first = bytes[start] ?? 0;
  const middle = bytes[start + (size >> 1)] ?? 0;
  const last = bytes[start + size - 1] ?? 0;
  return (size * 31 + first * 7 + middle * 13 + last * 17) & (slots - 1);
}
