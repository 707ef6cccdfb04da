import type { EntityCause, EntitySignal, EntityTimer } from '../../actors/entity-logic.ts';
import { ByteReader } from '../../streams/event/byte-reader.ts';
import { ByteWriter } from '../../streams/event/byte-writer.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import { CodecError } from '../../streams/event/errors.ts';
import { PayloadReader } from '../../streams/event/payload-reader.ts';
import { PayloadWriter } from '../../streams/event/payload-writer.ts';

/** Who wrote a record, and what its entity emitted then. */
export interface RecordStamp {
  /** The owner's fencing token. */
  readonly epoch: number;
  /** Which of the owner's commits it was written with. */
  readonly number: number;
  /** The events, in their codec. */
  readonly outbox: Uint8Array | undefined;
  /** They are stored behind this position, those that are. */
  readonly since: number;
}

/** An entity as it is kept. */
export interface EntityRecord {
  /** Version of the definition that wrote it. */
  readonly version: number;
  /** Position of the last event that it has handled. */
  readonly position: number;
  /** Under which moment the index of timers knows it. */
  readonly indexedDue: number;
  /** What the runner's `persist` gave. */
  readonly value: unknown;
  readonly timers: readonly EntityTimer[];
  /** Where several processes may write it. */
  readonly stamp?: RecordStamp | undefined;
}

/** The forms of records, without a stamp and with one; others when they are changed. */
const form = 1;
const stampedForm = 2;
const maxBytes = 16_777_216;
const maxItems = 1_000_000;

/** Turns entities into bytes and back, strictly: what is no plain data is refused, with the place where it was found. */
export class EntityRecords {
  readonly #out = new ByteWriter(maxBytes);
  readonly #writer = new PayloadWriter(this.#out, maxItems);
  readonly #in = new ByteReader();
  readonly #reader = new PayloadReader(this.#in, maxItems);

  /** @throws CodecError that names the place in the state. */
  encode({ version, position, indexedDue, value, timers, stamp }: EntityRecord): Uint8Array {
    const times = timers.map(({ id, at, signal, cause }) => [id, at, signal, cause]);
    if (stamp === undefined) return this.#write([form, version, position, indexedDue, value, times]);
    const { epoch, number, outbox = null, since } = stamp;
    return this.#write([
      stampedForm,
      version,
      position,
      indexedDue,
      value,
      times,
      epoch,
      number,
      outbox,
      since,
    ]);
  }

  /** @throws CodecError */
  decode(bytes: Uint8Array): EntityRecord {
    const [found, version, position, indexedDue, value, timers, ...stamp] = this.#read(bytes);
    if (found !== form && found !== stampedForm) throw unknownForm(found);
    return {
      version: Number(version),
      position: Number(position),
      indexedDue: Number(indexedDue),
      value,
      timers: (timers as [string, number, EntitySignal, EntityCause | null][]).map(
        ([id, at, signal, cause]) => ({ id, at, signal, cause: cause ?? undefined }),
      ),
      stamp: found === stampedForm ? stampOf(stamp) : undefined,
    };
  }

  /** The highest version that has written entities of a kind. */
  encodeVersion(version: number): Uint8Array {
    return this.#write([form, version]);
  }

  /** @throws CodecError */
  decodeVersion(bytes: Uint8Array): number {
    const [found, version] = this.#read(bytes);
    if (found !== form) throw unknownForm(found);
    return Number(version);
  }

  #write(parts: readonly unknown[]): Uint8Array {
    this.#out.start();
    this.#writer.start();
    try {
      this.#writer.value(parts);
    } catch (cause) {
      // The state stands fourth, its timers fifth: the names that users know are put in their place.
      const place = this.#writer.place.replace('data[4]', 'state').replace('data[5]', 'timers');
      throw new CodecError(
        `${place} cannot be kept: it ${describeError(cause).replace(/^CodecError: /u, '')}`,
        {
          cause,
        },
      );
    }
    return this.#out.finish();
  }

  #read(bytes: Uint8Array): readonly unknown[] {
    this.#in.open(bytes);
    this.#reader.start();
    try {
      const parts = this.#reader.value(0);
      if (!Array.isArray(parts)) throw this.#in.fault('a record is expected');
      return parts;
    } finally {
      this.#in.close();
    }
  }
}

function stampOf([epoch, number, outbox, since]: readonly unknown[]): RecordStamp {
  return {
    epoch: Number(epoch),
    number: Number(number),
    outbox: outbox instanceof Uint8Array ? outbox : undefined,
    since: Number(since),
  };
}

function unknownForm(found: unknown): CodecError {
  return new CodecError(
    `the record of an entity has form ${String(found)}, this version of Breakwater knows ${form} and ${stampedForm}; upgrade it`,
  );
}
