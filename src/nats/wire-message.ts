import { headers, type MsgHdrs } from '@nats-io/transport-node';
import type { Codec } from '../../streams/event/codec.ts';
import { checkEnvelope } from '../../streams/event/envelope-check.ts';
import type { EventEnvelope, ValidEnvelope } from '../../streams/event/envelope.ts';
import { CodecError } from '../../streams/event/errors.ts';
import { jsonCodec } from '../../streams/event/json-codec.ts';
import { msgpackCodec } from '../../streams/event/msgpack-codec.ts';

/** How many events a message holds. */
export const countHeader = 'Breakwater-Events';
export const typeHeader = 'Content-Type';
export const idHeader = 'Nats-Msg-Id';

const oneCloudEvent = 'application/cloudevents+json';
/** Clocks of other machines are theirs to keep; what lies further ahead is a mistake, or worse. */
const maxClockSkewMs = 24 * 3_600_000;

/** One message on the wire. */
export interface WireMessage {
  readonly payload: Uint8Array;
  readonly headers: MsgHdrs;
  readonly count: number;
}

/**
 * Turns events into messages and back. The format is documented: other programs read and write it.
 *
 * Batches are of the codec chosen; single CloudEvents with `batching: 'off'`. Any of the three content types
 * is understood, whatever is written here.
 */
export class WireFormat {
  readonly #codec: Codec;
  readonly #single: boolean;
  readonly #json: Codec;
  readonly #maxBytes: number;
  readonly #others = new Map<string, Codec>();

  constructor(codec: Codec | undefined, single: boolean, maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#codec = codec ?? msgpackCodec({ maxBytes });
    this.#single = single;
    this.#json = jsonCodec({ maxBytes });
    const known = [msgpackCodec({ maxBytes }), this.#json, this.#codec];
    for (const one of known) this.#others.set(one.contentType, one);
  }

  /** @throws CodecError, also where the message would be too large. */
  encode(events: readonly EventEnvelope[], id: string): WireMessage {
    const { payload, contentType } = this.#written(events);
    const head = headers();
    // Not set: that would look for each among the others first.
    head.append(idHeader, id);
    head.append(typeHeader, contentType);
    head.append(countHeader, String(events.length));
    return { payload, headers: head, count: events.length };
  }

  /** One event, without what batches need to say. @throws CodecError */
  encodeAlone(event: EventEnvelope): { readonly payload: Uint8Array; readonly contentType: string } {
    return this.#written([event]);
  }

  #written(events: readonly EventEnvelope[]): { readonly payload: Uint8Array; readonly contentType: string } {
    const [first] = events;
    if (this.#single && events.length === 1 && first !== undefined) {
      return { payload: this.#encodeOne(first), contentType: oneCloudEvent };
    }
    return { payload: this.#codec.encode(events), contentType: this.#codec.contentType };
  }

  /**
   * The events of a message, checked field by field; their payloads are not.
   *
   * @throws CodecError or ValidationError, whatever the bytes are.
   */
  decode(payload: Uint8Array, head: MsgHdrs | undefined, now: number): ValidEnvelope[] {
    const contentType = head?.get(typeHeader) ?? '';
    const count = head?.get(countHeader) ?? '';
    const limits = { now, maxClockSkewMs, system: true };
    const events =
      contentType === oneCloudEvent
        ? [this.#decodeOne(payload, now)]
        : this.#codecOf(contentType)
            .decode(payload)
            .map((event) => checkEnvelope(event, limits));
    if (count !== '' && count !== String(events.length)) {
      throw new CodecError(
        `message holds ${events.length} events, but its header says ${count.slice(0, 16)}`,
      );
    }
    return events;
  }

  #codecOf(contentType: string): Codec {
    const codec = this.#others.get(contentType);
    if (codec !== undefined) return codec;
    throw new CodecError(
      `message has the content type ${JSON.stringify(contentType.slice(0, 80))}; known are ` +
        [...this.#others.keys(), oneCloudEvent].join(', '),
    );
  }

  #encodeOne(event: EventEnvelope): Uint8Array {
    // A batch of one, without its brackets: the codec's checks and errors hold for it, too.
    return this.#json.encode([event]).slice(1, -1);
  }

  #decodeOne(payload: Uint8Array, now: number): ValidEnvelope {
    if (payload.length > this.#maxBytes) {
      throw new CodecError(`message has ${payload.length} bytes, more than ${this.#maxBytes}`);
    }
    const batch = new Uint8Array(payload.length + 2);
    batch[0] = 0x5b;
    batch.set(payload, 1);
    batch[payload.length + 1] = 0x5d;
    const [event, ...more] = this.#json.decode(batch);
    if (event === undefined || more.length > 0) throw new CodecError('message must be one CloudEvent');
    return checkEnvelope(event, { now, maxClockSkewMs, system: true });
  }
}
