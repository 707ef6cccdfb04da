import type { ByteWriter } from './byte-writer.ts';
import { describeValue } from './describe-value.ts';
import type { EventEnvelope, Metadata } from './envelope.ts';
import { CodecError } from './errors.ts';
import { PayloadWriter } from './payload-writer.ts';
import { forbiddenName, forbiddenNameFault, isPlainRecord } from './plain-data.ts';
import { priorities } from './priority.ts';

/** Among how many texts and shapes a known one is sought: more would cost a message of many more than it saves. */
const lookBack = 16;

/** How many values a row with these flags has. */
export function rowLength(flags: number): number {
  let length = 9;
  for (let optional = flags >> 2; optional > 0; optional &= optional - 1) length += 1;
  return length;
}

/** Writes events as rows of one message. See `msgpackCodec` for the layout. */
export class EventRowWriter {
  readonly #out: ByteWriter;
  readonly #payload: PayloadWriter;
  readonly #texts: string[] = [];
  readonly #shapes: string[][] = [];
  #lastId = '';
  #lastTime = 0;
  #field = '';

  constructor(out: ByteWriter, maxItems: number) {
    this.#out = out;
    this.#payload = new PayloadWriter(out, maxItems);
  }

  /** Gives the bytes of a message. @throws CodecError, and no other error, that says which event and where */
  write(version: number, events: readonly EventEnvelope[]): Uint8Array {
    let at = 0;
    this.#out.start();
    try {
      this.#out.byte(version);
      this.#out.array(events.length);
      for (const event of events) {
        this.#row(event);
        at += 1;
      }
      this.#field = 'message';
      return this.#out.finish();
    } catch (error) {
      throw this.#refusal(error, at, events.length);
    } finally {
      this.#texts.length = 0;
      this.#shapes.length = 0;
      this.#lastId = '';
      this.#lastTime = 0;
    }
  }

  #row(event: EventEnvelope): void {
    const out = this.#out;
    const flags = this.#flags(event);
    out.array(rowLength(flags));
    this.#id(this.#text('id', event.id));
    this.#sharedText('type', event.type);
    this.#sharedText('source', event.source);
    this.#time(event.time);
    out.number(flags);
    out.number(this.#integer('schemaVersion', event.schemaVersion));
    this.#field = 'data';
    this.#payload.start();
    this.#data(event.data);
    if (flags > 3) this.#optional(event);
  }

  #flags(event: EventEnvelope): number {
    this.#field = 'priority';
    let flags = priorities.indexOf(event.priority);
    if (flags < 0) throw new CodecError(`must be one of four, is ${describeValue(event.priority)}`);
    if (event.key !== undefined) flags |= 4;
    if (event.correlationId !== undefined) flags |= 8;
    if (event.causationId !== undefined) flags |= 16;
    if (event.causationDepth !== undefined) flags |= 32;
    if (event.traceparent !== undefined) flags |= 64;
    if (event.tracestate !== undefined) flags |= 128;
    if (event.metadata !== undefined) flags |= 256;
    return flags;
  }

  #id(id: string): void {
    const last = this.#lastId;
    const most = Math.min(id.length, last.length);
    let shared = 0;
    while (shared < most && id.charCodeAt(shared) === last.charCodeAt(shared)) shared += 1;
    // Half a surrogate pair could not be written.
    if (shared > 0 && (id.charCodeAt(shared - 1) & 0xfc00) === 0xd800) shared -= 1;
    this.#out.number(shared);
    this.#out.text(shared === 0 ? id : id.slice(shared));
    this.#lastId = id;
  }

  #sharedText(field: string, value: unknown): void {
    const text = this.#text(field, value);
    const texts = this.#texts;
    const newest = Math.min(texts.length, lookBack);
    for (let at = 0; at < newest; at += 1) {
      if (texts[at] !== text) continue;
      this.#out.number(at);
      return;
    }
    texts.push(text);
    this.#out.text(text);
  }

  #time(value: unknown): void {
    const time = this.#integer('time', value);
    this.#out.number(time - this.#lastTime);
    this.#lastTime = time;
  }

  #data(data: unknown): void {
    if (data === undefined) {
      this.#out.byte(0xc2);
      this.#out.nil();
    } else if (typeof data === 'object' && data !== null && !Array.isArray(data) && isPlainRecord(data)) {
      this.#payload.row(this.#shape(data), data);
    } else {
      this.#out.nil();
      this.#payload.value(data);
    }
  }

  /** Writes the shape of a record, as its number where one of this message fits, and gives its names. */
  #shape(data: Readonly<Record<string, unknown>>): readonly string[] {
    const names = definedNames(data);
    const shapes = this.#shapes;
    const newest = Math.min(shapes.length, lookBack);
    for (let at = 0; at < newest; at += 1) {
      const shape = shapes[at];
      if (shape === undefined || !sameNames(shape, names)) continue;
      this.#out.number(at);
      return shape;
    }
    shapes.push(names);
    this.#out.array(names.length);
    for (const name of names) this.#out.text(name);
    return names;
  }

  #optional(event: EventEnvelope): void {
    const { key, correlationId, causationId, causationDepth, traceparent, tracestate, metadata } = event;
    if (key !== undefined) this.#out.text(this.#text('key', key));
    if (correlationId !== undefined) this.#out.text(this.#text('correlationId', correlationId));
    if (causationId !== undefined) this.#out.text(this.#text('causationId', causationId));
    if (causationDepth !== undefined) this.#out.number(this.#integer('causationDepth', causationDepth));
    if (traceparent !== undefined) this.#out.text(this.#text('traceparent', traceparent));
    if (tracestate !== undefined) this.#out.text(this.#text('tracestate', tracestate));
    if (metadata !== undefined) this.#metadata(metadata);
  }

  #metadata(metadata: Metadata): void {
    this.#field = 'metadata';
    const names = Object.keys(metadata);
    this.#out.map(names.length);
    for (const name of names) {
      if (name === forbiddenName) throw new CodecError(forbiddenNameFault);
      this.#out.text(name);
      this.#out.text(this.#text('metadata', metadata[name]));
    }
  }

  #text(field: string, value: unknown): string {
    this.#field = field;
    if (typeof value === 'string') return value;
    throw new CodecError(`must be text, is ${describeValue(value)}`);
  }

  #integer(field: string, value: unknown): number {
    this.#field = field;
    if (Number.isSafeInteger(value)) return value as number;
    throw new CodecError(`must be an integer, is ${describeValue(value)}`);
  }

  #refusal(error: unknown, at: number, count: number): CodecError {
    const place = this.#field === 'data' ? this.#payload.place : this.#field;
    const where = count > 1 && at < count ? `event ${at}: ${place}` : place;
    if (error instanceof CodecError) return new CodecError(`${where} ${error.message}`);
    return new CodecError(`${where} could not be read: it threw`, { cause: error });
  }
}

function definedNames(record: Readonly<Record<string, unknown>>): string[] {
  const names = Object.keys(record);
  let complete = true;
  for (const name of names) {
    if (name === forbiddenName) throw new CodecError(forbiddenNameFault);
    if (record[name] === undefined) complete = false;
  }
  return complete ? names : names.filter((name) => record[name] !== undefined);
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at += 1) {
    if (a[at] !== b[at]) return false;
  }
  return true;
}
