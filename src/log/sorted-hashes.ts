/** Bits that one pass sorts by: three passes for the 32 of a hash. */
const digitBits = 11;
const digits = 1 << digitBits;

/** Hashes in ascending order, each with its place. */
export interface SortedHashes {
  readonly hashes: Uint32Array<ArrayBuffer>;
  readonly places: Uint16Array<ArrayBuffer>;
}

/**
 * Sorts hashes, and keeps the order of the places of equal ones. Leaves what it is given as it is.
 *
 * A radix sort: linear, so that the commit which closes a segment is hardly slower than the others. A fifth of what
 * sorting numbers that hold both took.
 */
export function sortedHashes(
  hashes: Uint32Array<ArrayBuffer>,
  places: Uint16Array<ArrayBuffer>,
): SortedHashes {
  let from: SortedHashes = { hashes, places };
  for (let shift = 0; shift < 32; shift += digitBits) from = sortedByDigit(from, shift);
  return from;
}

function sortedByDigit({ hashes, places }: SortedHashes, shift: number): SortedHashes {
  const { length } = hashes;
  // Where the next hash with a digit goes.
  const ends = new Uint32Array(digits + 1);
  for (let at = 0; at < length; at += 1) {
    const digit = ((hashes[at] ?? 0) >>> shift) & (digits - 1);
    ends[digit + 1] = (ends[digit + 1] ?? 0) + 1;
  }
  for (let digit = 1; digit <= digits; digit += 1) ends[digit] = (ends[digit] ?? 0) + (ends[digit - 1] ?? 0);
  const sorted = { hashes: new Uint32Array(length), places: new Uint16Array(length) };
  for (let at = 0; at < length; at += 1) {
    const hash = hashes[at] ?? 0;
    const digit = (hash >>> shift) & (digits - 1);
    const to = ends[digit] ?? 0;
    ends[digit] = to + 1;
    sorted.hashes[to] = hash;
    sorted.places[to] = places[at] ?? 0;
  }
  return sorted;
}
