import type { ByteWriter } from './byte-writer.ts';
import { maxDepth } from './codec.ts';
import { CodecError } from './errors.ts';
import { forbiddenName, forbiddenNameFault, isPlainRecord, whyNotPlain } from './plain-data.ts';

/**
 * Writes payloads as MessagePack, checking each value on the way.
 *
 * Beyond JSON they may hold Dates, Uint8Arrays and bigints of 64 bits. Members that are undefined are left
 * out, -0 becomes 0. Each member is read once; an error says where the value was found.
 */
export class PayloadWriter {
  readonly #out: ByteWriter;
  readonly #maxItems: number;
  #items = 0;
  #depth = 0;
  /** Where the value that is being written was found: one name or index a level. */
  readonly #path: (string | number)[] = [];

  constructor(out: ByteWriter, maxItems: number) {
    this.#out = out;
    this.#maxItems = maxItems;
  }

  /** Begins a payload. */
  start(): void {
    this.#items = 0;
    this.#depth = 0;
    this.#path.length = 0;
  }

  /** The place of the value that was written last, as `data.items[2].price`. */
  get place(): string {
    let text = 'data';
    for (const step of this.#path.slice(0, this.#depth)) {
      text += typeof step === 'number' ? `[${step}]` : `.${step.slice(0, 60)}`;
    }
    return text;
  }

  /** Writes the values of a record whose names are known to the reader. @throws CodecError */
  row(names: readonly string[], record: Readonly<Record<string, unknown>>): void {
    this.#count(names.length);
    this.#out.array(names.length);
    this.#depth = 1;
    for (const name of names) {
      this.#path[0] = name;
      this.value(record[name]);
    }
    this.#depth = 0;
  }

  /** Writes any plain value, with all that is in it. @throws CodecError */
  value(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.#out.text(value);
        return;
      case 'number':
        this.#out.number(value);
        return;
      case 'boolean':
        this.#out.byte(value ? 0xc3 : 0xc2);
        return;
      case 'undefined':
        this.#out.nil();
        return;
      case 'bigint':
        if (!this.#out.bigint(value)) throw new CodecError(whyNotPlain(value));
        return;
      case 'object':
        if (value === null) this.#out.nil();
        else this.#object(value);
        return;
      default:
        throw new CodecError(whyNotPlain(value));
    }
  }

  #object(value: object): void {
    if (Array.isArray(value)) this.#array(value);
    else if (isPlainRecord(value)) this.#record(value);
    else if (value instanceof Uint8Array) this.#out.binary(value);
    else if (value instanceof Date && !Number.isNaN(value.getTime())) this.#out.date(value.getTime());
    else throw new CodecError(whyNotPlain(value));
  }

  #array(array: readonly unknown[]): void {
    const { length } = array;
    this.#count(length);
    const depth = this.#enter();
    this.#out.array(length);
    for (let at = 0; at < length; at += 1) {
      this.#path[depth] = at;
      this.value(array[at]);
    }
    this.#depth = depth;
  }

  #record(record: Readonly<Record<string, unknown>>): void {
    const names = Object.keys(record);
    this.#count(names.length);
    const depth = this.#enter();
    const position = this.#out.position;
    this.#out.map(names.length);
    let written = 0;
    for (const name of names) {
      if (name === forbiddenName) throw new CodecError(forbiddenNameFault);
      this.#path[depth] = name;
      const member = record[name];
      if (member === undefined) continue;
      this.#out.text(name);
      this.value(member);
      written += 1;
    }
    // Which members are undefined is known only now, since each is read just once.
    if (written !== names.length) this.#out.shrinkMap(position, names.length, written);
    this.#depth = depth;
  }

  #enter(): number {
    const depth = this.#depth;
    if (depth >= maxDepth) throw new CodecError(`is deeper than ${maxDepth} levels; is it cyclic?`);
    this.#depth = depth + 1;
    return depth;
  }

  #count(items: number): void {
    this.#items += items;
    if (this.#items > this.#maxItems) {
      throw new CodecError(`makes more than ${this.#maxItems} elements and members`);
    }
  }
}
