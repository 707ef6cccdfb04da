import type { Codec } from '../../streams/event/codec.ts';
import { checkEnvelope } from '../../streams/event/envelope-check.ts';
import type { EventEnvelope, ValidEnvelope } from '../../streams/event/envelope.ts';
import { CodecError } from '../../streams/event/errors.ts';
import { jsonCodec } from '../../streams/event/json-codec.ts';
import { msgpackCodec } from '../../streams/event/msgpack-codec.ts';

/** Clocks of other machines are theirs to keep; what lies further ahead is a mistake, or worse. */
const maxClockSkewMs = 24 * 3_600_000;

/** What an entry of the stream holds. */
export interface EntryFields {
  /** The content type of `events`. */
  readonly type: string;
  /** How many events there are. */
  readonly count: string;
  readonly events: Uint8Array;
}

/** Turns events into entries and back. The format is documented: other programs read and write it. */
export class EntryFormat {
  readonly #codec: Codec;
  readonly #known = new Map<string, Codec>();

  constructor(codec: Codec | undefined, maxBytes: number) {
    this.#codec = codec ?? msgpackCodec({ maxBytes });
    for (const one of [msgpackCodec({ maxBytes }), jsonCodec({ maxBytes }), this.#codec]) {
      this.#known.set(one.contentType, one);
    }
  }

  /** @throws CodecError, also where the entry would be too large. */
  encode(events: readonly EventEnvelope[]): EntryFields {
    const type = this.#codec.contentType;
    return { type, count: String(events.length), events: this.#codec.encode(events) };
  }

  /**
   * The events of an entry, checked field by field; their payloads are not.
   *
   * @throws CodecError or ValidationError, whatever the bytes are.
   */
  decode({ type, count, events: bytes }: EntryFields, now: number): ValidEnvelope[] {
    const codec = this.#known.get(type);
    if (codec === undefined) {
      const known = [...this.#known.keys()].join(', ');
      throw new CodecError(`entry has the type ${JSON.stringify(type.slice(0, 80))}; known are ${known}`);
    }
    const limits = { now, maxClockSkewMs, system: true };
    const events = codec.decode(bytes).map((event) => checkEnvelope(event, limits));
    if (count !== String(events.length)) {
      throw new CodecError(`entry holds ${events.length} events, but its count says ${count.slice(0, 16)}`);
    }
    return events;
  }
}
