import { CodecError } from './errors.ts';
import { NameCache } from './name-cache.ts';

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const nothing = new Uint8Array();

/** Wide numbers are read through this: a view of each message's own would cost more than the message. */
const wide = new DataView(new ArrayBuffer(8));

/** Up to here building text by hand is faster than the decoder. */
const shortText = 16;

/**
 * Reads the parts of MessagePack one after the other, and never beyond the end of the message.
 *
 * `open` forgets the message before, however that ended.
 */
export class ByteReader {
  #bytes: Uint8Array = nothing;
  #at = 0;
  readonly #names = new NameCache();

  /** Begins a message. The bytes are only read. */
  open(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#at = 0;
  }

  /** Lets the message go, so that nothing keeps its bytes in memory. */
  close(): void {
    this.#bytes = nothing;
  }

  /** How many bytes have been read. */
  get position(): number {
    return this.#at;
  }

  /** How many bytes are left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** The error for what is wrong here. */
  fault(reason: string): CodecError {
    return new CodecError(`message is not valid at byte ${this.#at}: ${reason}`);
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw this.fault('it ends too early');
    this.#at += 1;
    return value;
  }

  /** The next byte, which stays to be read; -1 at the end. */
  peek(): number {
    return this.#bytes[this.#at] ?? -1;
  }

  /** An unsigned number of 1, 2 or 4 bytes. */
  unsigned(size: 1 | 2 | 4): number {
    let value = this.byte();
    if (size === 1) return value;
    value = value * 256 + this.byte();
    if (size === 2) return value;
    value = value * 256 + this.byte();
    return value * 256 + this.byte();
  }

  float64(): number {
    this.#widen();
    return wide.getFloat64(0);
  }

  float32(): number {
    wide.setUint32(0, this.unsigned(4));
    return wide.getFloat32(0);
  }

  int64(): bigint {
    this.#widen();
    return wide.getBigInt64(0);
  }

  uint64(): bigint {
    this.#widen();
    return wide.getBigUint64(0);
  }

  /** Text of so many bytes. @throws CodecError when they are not UTF-8 */
  text(size: number): string {
    const start = this.#take(size);
    if (size <= shortText) {
      const text = asciiText(this.#bytes, start, this.#at);
      if (text !== undefined) return text;
    }
    try {
      return strictUtf8.decode(this.#bytes.subarray(start, this.#at));
    } catch {
      throw this.fault('text is not valid UTF-8');
    }
  }

  /** The same for names, which come again and again: they are kept. */
  name(size: number): string {
    const known = size <= this.left ? this.#names.find(this.#bytes, this.#at, size) : undefined;
    if (known !== undefined) {
      this.#at += size;
      return known;
    }
    const start = this.#at;
    const text = this.text(size);
    this.#names.keep(this.#bytes, start, size, text);
    return text;
  }

  /** A copy of so many bytes. */
  binary(size: number): Uint8Array {
    const start = this.#take(size);
    // A plain array of its own, also when the message is one of Node's Buffers: it must outlive the message.
    const copy = new Uint8Array(size);
    copy.set(this.#bytes.subarray(start, this.#at));
    return copy;
  }

  #widen(): void {
    wide.setUint32(0, this.unsigned(4));
    wide.setUint32(4, this.unsigned(4));
  }

  /** Moves on, and gives where it was. */
  #take(size: number): number {
    const start = this.#at;
    if (size > this.#bytes.length - start) throw this.fault('it ends too early');
    this.#at = start + size;
    return start;
  }
}

/** Text of ASCII bytes, eight at a time; `undefined` where a byte is no ASCII. */
function asciiText(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = '';
  let all = 0;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const a = bytes[at] ?? 0;
    const b = bytes[at + 1] ?? 0;
    const c = bytes[at + 2] ?? 0;
    const d = bytes[at + 3] ?? 0;
    all |= a | b | c | d;
    text += String.fromCharCode(a, b, c, d);
  }
  for (; at < end; at += 1) {
    const a = bytes[at] ?? 0;
    all |= a;
    text += String.fromCharCode(a);
  }
  return all < 0x80 ? text : undefined;
}
