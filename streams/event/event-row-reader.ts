import type { ByteReader } from './byte-reader.ts';
import type { EventEnvelope, OptionalFields } from './envelope.ts';
import type { PayloadReader } from './payload-reader.ts';
import { priorities } from './priority.ts';
import { rowLength } from './event-row-writer.ts';

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] };

const flagsEnd = 512;

/** Reads events from the rows of one message. See `msgpackCodec` for the layout. */
export class EventRowReader {
  readonly #payload: PayloadReader;
  readonly #in: ByteReader;
  readonly #texts: string[] = [];
  readonly #shapes: (readonly string[])[] = [];
  #lastId = '';
  #lastTime = 0;

  constructor(payload: PayloadReader, input: ByteReader) {
    this.#payload = payload;
    this.#in = input;
  }

  /** Begins a message: forgets what the one before said. */
  start(): void {
    this.#texts.length = 0;
    this.#shapes.length = 0;
    this.#lastId = '';
    this.#lastTime = 0;
  }

  /** Reads the next row. @throws CodecError */
  read(): EventEnvelope {
    const payload = this.#payload;
    const length = payload.arrayLength();
    const id = this.#id();
    const type = this.#sharedText();
    const source = this.#sharedText();
    const time = this.#time();
    const flags = payload.number();
    const priority = priorities[flags & 3];
    if (!(Number.isInteger(flags) && flags >= 0 && flags < flagsEnd) || priority === undefined) {
      throw this.#in.fault('flags are unknown');
    }
    const schemaVersion = this.#integer(payload.number());
    payload.start();
    const data = this.#data();
    const event: Mutable<EventEnvelope> = { id, type, source, time, priority, schemaVersion, data };
    if (flags > 3) this.#optional(event, flags);
    if (length !== rowLength(flags)) throw this.#in.fault(`a row has ${length} values`);
    return event;
  }

  #id(): string {
    const shared = this.#payload.number();
    const rest = this.#payload.text();
    const last = this.#lastId;
    if (!(Number.isInteger(shared) && shared >= 0 && shared <= last.length)) {
      throw this.#in.fault('an id shares more than the one before has');
    }
    if (shared > 0 && (last.charCodeAt(shared - 1) & 0xfc00) === 0xd800) {
      throw this.#in.fault('an id shares half a character');
    }
    this.#lastId = shared === 0 ? rest : last.slice(0, shared) + rest;
    return this.#lastId;
  }

  #sharedText(): string {
    if (!this.#isNumber()) {
      const text = this.#payload.name();
      this.#texts.push(text);
      return text;
    }
    const text = this.#texts[this.#payload.number()];
    if (text === undefined) throw this.#in.fault('a text is named that was not given');
    return text;
  }

  #time(): number {
    this.#lastTime = this.#integer(this.#lastTime + this.#payload.number());
    return this.#lastTime;
  }

  #data(): unknown {
    const payload = this.#payload;
    const code = this.#in.peek();
    if (code === 0xc0) {
      this.#in.byte();
      return payload.value(0);
    }
    if (code === 0xc2) {
      this.#in.byte();
      if (this.#in.byte() !== 0xc0) throw this.#in.fault('undefined data has a value');
      return undefined;
    }
    if (!this.#isNumber()) {
      const names = payload.names();
      this.#shapes.push(names);
      return payload.row(names);
    }
    const names = this.#shapes[payload.number()];
    if (names === undefined) throw this.#in.fault('a shape is named that was not given');
    return payload.row(names);
  }

  /** Whether a small number comes next, rather than text or an array. */
  #isNumber(): boolean {
    const code = this.#in.peek();
    return code >= 0 && (code <= 0x7f || (code >= 0xcc && code <= 0xce));
  }

  #optional(event: Mutable<OptionalFields>, flags: number): void {
    const payload = this.#payload;
    if ((flags & 4) !== 0) event.key = payload.text();
    if ((flags & 8) !== 0) event.correlationId = payload.text();
    if ((flags & 16) !== 0) event.causationId = payload.text();
    if ((flags & 32) !== 0) event.causationDepth = this.#integer(payload.number());
    if ((flags & 64) !== 0) event.traceparent = payload.text();
    if ((flags & 128) !== 0) event.tracestate = payload.text();
    if ((flags & 256) !== 0) event.metadata = payload.texts();
  }

  #integer(value: number): number {
    if (Number.isSafeInteger(value)) return value;
    throw this.#in.fault('a number is no integer');
  }
}
