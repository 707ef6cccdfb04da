/** What the sketches can tell apart. */
export type Hashable = string | number | bigint | boolean | null | undefined;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/**
 * Hashes a value to 64 bits, left in `high` and `low`.
 *
 * Equal values as a `Set` sees them have equal hashes: 0 and -0 do, 1 and '1' do not. Not for secrets: who
 * knows the function can make values that collide. The rounds are those of cyrb53 (bryc, public domain),
 * ended by the finaliser of MurmurHash3. O(length).
 */
export class ValueHash {
  high = 0;
  low = 0;

  update(value: Hashable): void {
    switch (typeof value) {
      case 'string':
        return this.#text(value, 0x9e3779b9);
      case 'number':
        // Adding 0 makes -0 into 0. All NaNs have one form once stored.
        double[0] = value + 0;
        return this.#mix(words[0] ?? 0, words[1] ?? 0);
      case 'bigint':
        return this.#text(value.toString(36), 0x7f4a7c15);
      case 'boolean':
        return this.#mix(value ? 1 : 2, 0xffffffff);
      default:
        return this.#mix(value === null ? 3 : 4, 0xffffffff);
    }
  }

  #text(text: string, seed: number): void {
    let high = 0xdeadbeef ^ seed;
    let low = 0x41c6ce57 ^ seed;
    for (let at = 0; at < text.length; at += 1) {
      const unit = text.charCodeAt(at);
      high = Math.imul(high ^ unit, 2654435761);
      low = Math.imul(low ^ unit, 1597334677);
    }
    high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
    low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
    this.high = finish(high);
    this.low = finish(low);
  }

  #mix(first: number, second: number): void {
    const high = finish(first ^ 0x85ebca6b) ^ second;
    this.high = finish(high);
    this.low = finish(Math.imul(high, 0x9e3779b1) ^ first ^ 0x165667b1);
  }
}

/** Spreads every bit over all 32 (MurmurHash3's fmix32). */
function finish(bits: number): number {
  let hash = bits ^ (bits >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
