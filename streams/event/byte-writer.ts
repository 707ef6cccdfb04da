import { CodecError } from './errors.ts';
import { whyNotPlain } from './plain-data.ts';
import { utf8Length } from './plain-text.ts';

/** Messages are written one behind the other into pieces of memory of this size: allocating each costs more. */
const pieceBytes = 32_768;

/** Room is asked for in advance, for a code and a length that may turn out shorter. */
const slack = 16;

/**
 * Writes the parts of MessagePack one after the other.
 *
 * Messages share pieces of memory, each with bytes of its own, as Node's Buffers do. `start` forgets a message that
 * was not finished. Refuses to go beyond `maxBytes`.
 */
export class ByteWriter {
  readonly #maxBytes: number;
  #bytes = new Uint8Array(pieceBytes);
  #view = new DataView(this.#bytes.buffer);
  #start = 0;
  #at = 0;
  /** Where room ends: the piece does, or what the message may take. */
  #end = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** How many bytes have been written. */
  get position(): number {
    return this.#at - this.#start;
  }

  /** Begins a message. */
  start(): void {
    this.#at = this.#start;
    this.#end = Math.min(this.#bytes.length, this.#start + this.#maxBytes);
  }

  /** Gives the message. Nothing writes to its bytes again. */
  finish(): Uint8Array {
    if (this.position > this.#maxBytes) throw tooLong(this.#maxBytes);
    const message = this.#bytes.subarray(this.#start, this.#at);
    this.#start = this.#at;
    // A large piece must not stay in memory for the sake of a small message that shares it.
    if (this.#bytes.length > pieceBytes) this.#use(new Uint8Array(pieceBytes));
    return message;
  }

  byte(value: number): void {
    this.#ensure(1);
    this.#bytes[this.#at++] = value;
  }

  nil(): void {
    this.byte(0xc0);
  }

  array(length: number): void {
    this.#ensure(5);
    this.#header(length, 0x90, 0xdc);
  }

  map(length: number): void {
    this.#ensure(5);
    this.#header(length, 0x80, 0xde);
  }

  /** Makes a map that was begun at `position` a map of fewer members, after they were written. */
  shrinkMap(position: number, from: number, to: number): void {
    const body = this.#start + position + headerSize(from);
    const end = this.#at;
    this.#at = this.#start + position;
    this.#header(to, 0x80, 0xde);
    this.#bytes.copyWithin(this.#at, body, end);
    this.#at += end - body;
  }

  /** Any number: short where it is an integer of 32 bits, else a float of 64. */
  number(value: number): void {
    this.#ensure(9);
    if (Number.isInteger(value) && value >= -0x8000_0000 && value <= 0xffff_ffff) {
      this.#integer(value);
      return;
    }
    this.#bytes[this.#at] = 0xcb;
    // A NaN may carry bits of its own; written as it is, equal values would have unequal bytes.
    this.#view.setFloat64(this.#at + 1, Number.isNaN(value) ? Number.NaN : value);
    this.#at += 9;
  }

  text(value: string): void {
    const { length } = value;
    // Most text is ASCII; the guess is taken back when it was wrong. Too long text is refused before it is read.
    this.#ensure(length + 5);
    const start = this.#at;
    this.#textHeader(length);
    if (this.#ascii(value, this.#at)) {
      this.#at += length;
      return;
    }
    this.#at = start;
    const size = utf8Length(value);
    this.#ensure(size + 5);
    this.#textHeader(size);
    this.#utf8(value);
  }

  /** A moment as a timestamp of 96 bits. */
  date(time: number): void {
    this.#ensure(15);
    const seconds = Math.floor(time / 1000);
    this.#bytes[this.#at] = 0xc7;
    this.#bytes[this.#at + 1] = 12;
    this.#bytes[this.#at + 2] = 0xff;
    this.#view.setUint32(this.#at + 3, (time - seconds * 1000) * 1_000_000);
    this.#view.setBigInt64(this.#at + 7, BigInt(seconds));
    this.#at += 15;
  }

  binary(value: Uint8Array): void {
    const { length } = value;
    this.#ensure(length + 5);
    if (length <= 0xff) this.#sized(0xc4, length, 1);
    else if (length <= 0xffff) this.#sized(0xc5, length, 2);
    else this.#sized(0xc6, length, 4);
    this.#bytes.set(value, this.#at);
    this.#at += length;
  }

  /** An integer of 64 bits; false, and nothing written, when it is wider. */
  bigint(value: bigint): boolean {
    const signed = BigInt.asIntN(64, value) === value;
    if (!signed && BigInt.asUintN(64, value) !== value) return false;
    this.#ensure(9);
    this.#bytes[this.#at] = signed ? 0xd3 : 0xcf;
    this.#view.setBigInt64(this.#at + 1, value);
    this.#at += 9;
    return true;
  }

  #integer(value: number): void {
    if (value >= 0) {
      if (value <= 0x7f) this.#bytes[this.#at++] = value;
      else if (value <= 0xff) this.#sized(0xcc, value, 1);
      else if (value <= 0xffff) this.#sized(0xcd, value, 2);
      else this.#sized(0xce, value, 4);
    } else if (value >= -32) this.#bytes[this.#at++] = value;
    else if (value >= -0x80) this.#sized(0xd0, value, 1);
    else if (value >= -0x8000) this.#sized(0xd1, value, 2);
    else this.#sized(0xd2, value, 4);
  }

  #header(length: number, shortCode: number, longCode: number): void {
    if (length <= 15) this.#bytes[this.#at++] = shortCode | length;
    else if (length <= 0xffff) this.#sized(longCode, length, 2);
    else this.#sized(longCode + 1, length, 4);
  }

  #textHeader(size: number): void {
    if (size <= 31) this.#bytes[this.#at++] = 0xa0 | size;
    else if (size <= 0xff) this.#sized(0xd9, size, 1);
    else if (size <= 0xffff) this.#sized(0xda, size, 2);
    else this.#sized(0xdb, size, 4);
  }

  /** A code, then a number of 1, 2 or 4 bytes, big end first. Room must have been made. */
  #sized(code: number, value: number, bytes: 1 | 2 | 4): void {
    this.#bytes[this.#at++] = code;
    if (bytes === 4) {
      this.#bytes[this.#at++] = value >>> 24;
      this.#bytes[this.#at++] = value >>> 16;
    }
    if (bytes !== 1) this.#bytes[this.#at++] = value >>> 8;
    this.#bytes[this.#at++] = value;
  }

  /** Writes text as far as it is ASCII, and says whether that was all of it. Does not move on. */
  #ascii(text: string, start: number): boolean {
    const bytes = this.#bytes;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code > 0x7f) return false;
      bytes[start + at] = code;
    }
    return true;
  }

  #utf8(text: string): void {
    const bytes = this.#bytes;
    let to = this.#at;
    for (let at = 0; at < text.length; at += 1) {
      let code = text.charCodeAt(at);
      if (code < 0x80) {
        bytes[to++] = code;
        continue;
      }
      if (code < 0x800) {
        bytes[to++] = 0xc0 | (code >> 6);
      } else {
        if (code >= 0xd800 && code <= 0xdfff) {
          const low = text.charCodeAt(at + 1);
          if (code > 0xdbff || !(low >= 0xdc00 && low <= 0xdfff)) throw new CodecError(whyNotPlain(text));
          code = ((code - 0xd800) << 10) + (low - 0xdc00) + 0x10000;
          at += 1;
          bytes[to++] = 0xf0 | (code >> 18);
          bytes[to++] = 0x80 | ((code >> 12) & 0x3f);
        } else {
          bytes[to++] = 0xe0 | (code >> 12);
        }
        bytes[to++] = 0x80 | ((code >> 6) & 0x3f);
      }
      bytes[to++] = 0x80 | (code & 0x3f);
    }
    this.#at = to;
  }

  #ensure(room: number): void {
    const needed = this.#at + room;
    if (needed > this.#end) this.#grow(needed - this.#start);
  }

  #grow(needed: number): void {
    // What is needed may be an upper bound by a few bytes; the message is measured once more at its end.
    if (needed > this.#maxBytes + slack) throw tooLong(this.#maxBytes);
    if (this.#start + needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed * 2, pieceBytes));
    const written = this.#bytes.subarray(this.#start, this.#at);
    grown.set(written);
    this.#use(grown);
    this.#at = written.length;
    this.#end = Math.min(grown.length, this.#maxBytes);
  }

  #use(piece: Uint8Array<ArrayBuffer>): void {
    this.#bytes = piece;
    this.#view = new DataView(piece.buffer);
    this.#start = 0;
    this.#at = 0;
  }
}

function headerSize(length: number): number {
  if (length <= 15) return 1;
  return length <= 0xffff ? 3 : 5;
}

function tooLong(maxBytes: number): CodecError {
  return new CodecError(`goes beyond the ${maxBytes} bytes of a message`);
}
