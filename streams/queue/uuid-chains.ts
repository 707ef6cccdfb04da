/** Ids in one bucket at most. A hash that is no secret can be met on purpose, and no chain may grow long. */
const longestChain = 32;
const firstSlots = 16;
/** Up to this many slots it keeps its memory when it is empty: giving it back would cost more than it saves. */
const keptSlots = 1024;

/** Values of hexadecimal digits in lower case by their character codes; 16 for all else. */
const digits = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code >= 48 && code <= 57) return code - 48;
  return code >= 97 && code <= 102 ? code - 87 : 16;
});

/**
 * UUIDs by number, as 16 bytes each: no text is kept, and nothing for the garbage collector to walk.
 *
 *     buckets ─► slot ─► next slot …        slot of number n: n & mask
 *
 * Numbers are given out one after the other and taken back in that order: those in use lie less than the slots apart.
 * One UUID is read at a time, and the other methods are about that one. O(1); 28 bytes a slot.
 */
export class UuidChains {
  #mask = firstSlots - 1;
  #words = new Uint32Array(firstSlots * 4);
  /** By slot, the next one of its bucket, plus 1; 0 where it is the last. */
  #next = new Int32Array(firstSlots);
  /** The first slot of each bucket, plus 1. */
  #buckets = new Int32Array(firstSlots);
  #size = 0;
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;

  /** How many it holds. */
  get size(): number {
    return this.#size;
  }

  /** Reads a UUID in lower case; false for any other text, which cannot be held. */
  read(id: string): boolean {
    if (id.length !== 36) return false;
    // A mark in the 5th bit says that some character was none of the digits.
    let marks = 0;
    let at = 0;
    for (let word = 0; word < 4; word += 1) {
      let value = 0;
      for (let digit = 0; digit < 8; digit += 1) {
        if (at === 8 || at === 13 || at === 18 || at === 23) {
          if (id.charCodeAt(at) !== 45) return false;
          at += 1;
        }
        const code = id.charCodeAt(at);
        const half = code < 128 ? (digits[code] as number) : 16;
        marks |= half;
        value = (value << 4) | half;
        at += 1;
      }
      if (word === 0) this.#a = value >>> 0;
      else if (word === 1) this.#b = value >>> 0;
      else if (word === 2) this.#c = value >>> 0;
      else this.#d = value >>> 0;
    }
    return marks < 16;
  }

  /** Whether the one that was read is held. */
  has(): boolean {
    return this.#find() >= 0;
  }

  /** Holds the one that was read, which is not held, under a number; false where its bucket takes no more. */
  put(number: number, first: number): boolean {
    while (number - first > this.#mask) this.#grow(first);
    const bucket = this.#bucket(this.#a, this.#b, this.#c, this.#d);
    let length = 0;
    for (let slot = this.#buckets[bucket] as number; slot !== 0; slot = this.#next[slot - 1] as number) {
      length += 1;
    }
    if (length >= longestChain) return false;
    const slot = number & this.#mask;
    const words = this.#words;
    words[slot * 4] = this.#a;
    words[slot * 4 + 1] = this.#b;
    words[slot * 4 + 2] = this.#c;
    words[slot * 4 + 3] = this.#d;
    this.#next[slot] = this.#buckets[bucket] as number;
    this.#buckets[bucket] = slot + 1;
    this.#size += 1;
    return true;
  }

  /** Lets go of the one that was read. */
  remove(): void {
    const slot = this.#find();
    if (slot >= 0) this.#unlink(slot);
  }

  /** Lets go of what is held under a number, if it is held still. */
  end(number: number): void {
    this.#unlink(number & this.#mask);
  }

  clear(): void {
    this.#use(firstSlots);
    this.#size = 0;
  }

  #find(): number {
    const bucket = this.#bucket(this.#a, this.#b, this.#c, this.#d);
    const words = this.#words;
    for (let link = this.#buckets[bucket] as number; link !== 0; link = this.#next[link - 1] as number) {
      const at = (link - 1) * 4;
      if (
        words[at + 3] === this.#d &&
        words[at + 2] === this.#c &&
        words[at + 1] === this.#b &&
        words[at] === this.#a
      ) {
        return link - 1;
      }
    }
    return -1;
  }

  #unlink(slot: number): void {
    const words = this.#words;
    const at = slot * 4;
    const bucket = this.#bucket(
      words[at] as number,
      words[at + 1] as number,
      words[at + 2] as number,
      words[at + 3] as number,
    );
    let before = -1;
    for (let link = this.#buckets[bucket] as number; link !== 0; link = this.#next[link - 1] as number) {
      if (link === slot + 1) {
        if (before < 0) this.#buckets[bucket] = this.#next[slot] as number;
        else this.#next[before] = this.#next[slot] as number;
        this.#size -= 1;
        if (this.#size === 0 && this.#mask >= keptSlots) this.clear();
        return;
      }
      before = link - 1;
    }
  }

  /** Ids that were made one after the other have neighbouring buckets: they are looked for one after the other, too. */
  #bucket(a: number, b: number, c: number, d: number): number {
    return (d + Math.imul(a ^ Math.imul(b, 0x85ebca6b) ^ c, 0x9e3779b1)) & this.#mask;
  }

  #grow(first: number): void {
    const [buckets, next, words, mask] = [this.#buckets, this.#next, this.#words, this.#mask];
    const read = [this.#a, this.#b, this.#c, this.#d] as const;
    this.#use((mask + 1) * 2);
    this.#size = 0;
    for (let link of buckets) {
      for (; link !== 0; link = next[link - 1] as number) {
        const slot = link - 1;
        this.#a = words[slot * 4] as number;
        this.#b = words[slot * 4 + 1] as number;
        this.#c = words[slot * 4 + 2] as number;
        this.#d = words[slot * 4 + 3] as number;
        this.put(first + ((slot - first) & mask), first);
      }
    }
    [this.#a, this.#b, this.#c, this.#d] = read;
  }

  #use(slots: number): void {
    this.#mask = slots - 1;
    this.#words = new Uint32Array(slots * 4);
    this.#next = new Int32Array(slots);
    this.#buckets = new Int32Array(slots);
  }
}
