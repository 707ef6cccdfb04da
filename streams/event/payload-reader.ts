import type { ByteReader } from './byte-reader.ts';
import { maxDepth } from './codec.ts';
import { forbiddenName, forbiddenNameFault } from './plain-data.ts';

/** Milliseconds that a `Date` can tell, either side of 1970. */
const maxDateMs = 8.64e15;

/**
 * Reads payloads: MessagePack of plain data, and nothing that could carry code or lie about its size.
 *
 * Refused are extensions but a timestamp of 96 bits, names that are no text, come twice or reach a prototype,
 * depth beyond 64, and more elements than allowed: each before memory is taken for it.
 */
export class PayloadReader {
  readonly #in: ByteReader;
  readonly #maxItems: number;
  #items = 0;

  constructor(input: ByteReader, maxItems: number) {
    this.#in = input;
    this.#maxItems = maxItems;
  }

  /** Begins a payload. */
  start(): void {
    this.#items = 0;
  }

  /** Reads the values of a record whose names are known. @throws CodecError */
  row(names: readonly string[]): Record<string, unknown> {
    if (this.arrayLength() !== names.length) throw this.#in.fault('a row does not fit its names');
    this.#count(names.length);
    const record: Record<string, unknown> = {};
    for (const name of names) record[name] = this.value(1);
    return record;
  }

  /** Reads names of members, each once. @throws CodecError */
  names(): string[] {
    const length = this.arrayLength();
    if (length > this.#maxItems) throw this.#tooMany();
    const names: string[] = [];
    for (let at = 0; at < length; at += 1) names.push(this.name());
    if (hasTwice(names)) throw this.#in.fault('a name comes twice');
    return names;
  }

  /** Reads any value, `depth` levels down. @throws CodecError */
  value(depth: number): unknown {
    const code = this.#in.byte();
    if (code <= 0x7f) return code;
    if (code >= 0xe0) return code - 0x100;
    if (code >= 0xa0 && code <= 0xbf) return this.#in.text(code & 0x1f);
    if (code <= 0x8f) return this.#record(code & 0x0f, depth);
    if (code <= 0x9f) return this.#array(code & 0x0f, depth);
    switch (code) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xdc:
        return this.#array(this.#in.unsigned(2), depth);
      case 0xdd:
        return this.#array(this.#in.unsigned(4), depth);
      case 0xde:
        return this.#record(this.#in.unsigned(2), depth);
      case 0xdf:
        return this.#record(this.#in.unsigned(4), depth);
      case 0xc4:
        return this.#in.binary(this.#in.unsigned(1));
      case 0xc5:
        return this.#in.binary(this.#in.unsigned(2));
      case 0xc6:
        return this.#in.binary(this.#in.unsigned(4));
      case 0xc7:
        return this.#date();
      case 0xcf:
        return this.#in.uint64();
      case 0xd3:
        return this.#in.int64();
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#in.text(this.#textSize(code));
      default:
        return this.#number(code);
    }
  }

  /** Reads a number. @throws CodecError */
  number(): number {
    const code = this.#in.byte();
    if (code <= 0x7f) return code;
    return code >= 0xe0 ? code - 0x100 : this.#number(code);
  }

  /** Reads text. @throws CodecError */
  text(): string {
    return this.#in.text(this.#textSize(this.#in.byte()));
  }

  /** Reads text that is likely to come again. @throws CodecError */
  name(): string {
    const name = this.#in.name(this.#textSize(this.#in.byte()));
    if (name === forbiddenName) throw this.#in.fault(`it ${forbiddenNameFault}`);
    return name;
  }

  /** Reads a map of texts. @throws CodecError */
  texts(): Record<string, string> {
    const code = this.#in.byte();
    const length = this.#fitting(code === 0xde ? this.#in.unsigned(2) : code - 0x80);
    if (length < 0 || (code !== 0xde && length > 15)) throw this.#in.fault('a map is expected');
    const texts: Record<string, string> = {};
    for (let at = 0; at < length; at += 1) {
      const name = this.name();
      texts[name] = this.text();
    }
    if (Object.keys(texts).length !== length) throw this.#in.fault('a name comes twice');
    return texts;
  }

  /** Reads how long an array is. @throws CodecError */
  arrayLength(): number {
    const code = this.#in.byte();
    if (code >= 0x90 && code <= 0x9f) return this.#fitting(code & 0x0f);
    if (code === 0xdc) return this.#fitting(this.#in.unsigned(2));
    if (code === 0xdd) return this.#fitting(this.#in.unsigned(4));
    throw this.#in.fault('an array is expected');
  }

  #array(length: number, depth: number): unknown[] {
    this.#enter(this.#fitting(length), depth);
    const array: unknown[] = [];
    for (let at = 0; at < length; at += 1) array.push(this.value(depth + 1));
    return array;
  }

  #record(length: number, depth: number): Record<string, unknown> {
    this.#enter(this.#fitting(length), depth);
    const record: Record<string, unknown> = {};
    for (let at = 0; at < length; at += 1) {
      const name = this.name();
      record[name] = this.value(depth + 1);
    }
    if (Object.keys(record).length !== length) throw this.#in.fault('a name comes twice');
    return record;
  }

  #number(code: number): number {
    switch (code) {
      case 0xcc:
        return this.#in.unsigned(1);
      case 0xcd:
        return this.#in.unsigned(2);
      case 0xce:
        return this.#in.unsigned(4);
      case 0xd0:
        return (this.#in.unsigned(1) << 24) >> 24;
      case 0xd1:
        return (this.#in.unsigned(2) << 16) >> 16;
      case 0xd2:
        return this.#in.unsigned(4) | 0;
      case 0xcb:
        return this.#in.float64() + 0;
      case 0xca:
        return this.#in.float32() + 0;
      default:
        throw this.#in.fault(`code 0x${code.toString(16)} is not allowed here`);
    }
  }

  #textSize(code: number): number {
    if (code >= 0xa0 && code <= 0xbf) return code & 0x1f;
    if (code === 0xd9) return this.#in.unsigned(1);
    if (code === 0xda) return this.#in.unsigned(2);
    if (code === 0xdb) return this.#in.unsigned(4);
    throw this.#in.fault('text is expected');
  }

  #date(): Date {
    if (this.#in.byte() !== 12 || this.#in.byte() !== 0xff)
      throw this.#in.fault('an extension is not allowed');
    const nanoseconds = this.#in.unsigned(4);
    const ms = Number(this.#in.int64()) * 1000 + nanoseconds / 1_000_000;
    if (nanoseconds > 999_000_000 || !Number.isInteger(ms) || Math.abs(ms) > maxDateMs) {
      throw this.#in.fault('a timestamp is no moment in whole milliseconds');
    }
    return new Date(ms);
  }

  #enter(items: number, depth: number): void {
    if (depth >= maxDepth) throw this.#in.fault(`it is deeper than ${maxDepth} levels`);
    this.#count(items);
  }

  #count(items: number): void {
    this.#items += items;
    if (this.#items > this.#maxItems) throw this.#tooMany();
  }

  #tooMany(): Error {
    return this.#in.fault(`an event has more than ${this.#maxItems} elements and members`);
  }

  /** Every element takes a byte at least, so a length beyond what is left is a lie. */
  #fitting(length: number): number {
    if (length > this.#in.left) throw this.#in.fault('a length goes beyond the end');
    return length;
  }
}

function hasTwice(names: readonly string[]): boolean {
  if (names.length > 16) return new Set(names).size !== names.length;
  for (let at = 1; at < names.length; at += 1) {
    if (names.indexOf(names[at] ?? '') < at) return true;
  }
  return false;
}
