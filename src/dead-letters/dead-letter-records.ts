import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { CodecError } from '../../streams/event/errors.ts';
import { msgpackCodec } from '../../streams/event/msgpack-codec.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { DeadLetter, DeadLetterReason, StoredError } from './dead-letter.ts';
import type { SnapshotEntry, SnapshotStore } from '../snapshot-store.ts';
import { whenCalled } from '../when-done.ts';

const bucket = 'dead-letters';

/** An event may be as large as its log takes it; what is said of it comes on top. */
const codec = msgpackCodec({ maxBytes: 64 * 1_048_576, maxItems: 1_048_576 });

/** Stacks can be very long; their beginning says where it was. */
const longestText = 16_384;

/** What stands beside the event. */
interface LetterFields {
  readonly subscriber: string;
  readonly reason: DeadLetterReason;
  readonly attempts: number;
  readonly error: StoredError | undefined;
  readonly time: number;
  readonly requeued: number;
  readonly position: number | undefined;
  /** Why the payload is not with it. */
  readonly incomplete?: string;
}

/** Who hears what became of a write. */
export interface WriteOutcome {
  readonly written: () => void;
  readonly failed: (error: unknown) => void;
  /** The payload is not in the record: it lasts as long as the process. */
  readonly reduced: (error: unknown) => void;
}

/** Keeps dead letters in a store, one snapshot each, by id. */
export class DeadLetterRecords {
  readonly #snapshots: SnapshotStore;

  constructor(snapshots: SnapshotStore) {
    this.#snapshots = snapshots;
  }

  /** Gives every letter that is kept, oldest first, then `end`. What cannot be read is told, and stays. */
  load(
    ports: {
      readonly found: (letter: DeadLetter) => void;
      readonly unreadable: (id: string, error: unknown) => void;
      readonly end: () => void;
      readonly failed: (error: unknown) => void;
    },
    after?: string,
  ): void {
    whenCalled<readonly SnapshotEntry[]>(
      () => this.#snapshots.list(bucket, after === undefined ? {} : { after }),
      (entries) => {
        for (const { key, value } of entries) {
          try {
            ports.found(decode(Number(key), value));
          } catch (error) {
            ports.unreadable(key, error);
          }
        }
        const last = entries.at(-1);
        if (last === undefined) ports.end();
        else this.load(ports, last.key);
      },
      ports.failed,
    );
  }

  /** Writes a letter. Of an event whose payload cannot be written, that is told to `reduced`, and the rest is kept. */
  write(letter: DeadLetter, { written, failed, reduced }: WriteOutcome): void {
    const key = keyOf(letter.id);
    whenCalled(
      () => this.#snapshots.write({ bucket, key, value: encodeLetter(letter, reduced) }),
      written,
      failed,
    );
  }

  remove(id: number, failed: (error: unknown) => void): void {
    whenCalled(
      () => this.#snapshots.write({ bucket, key: keyOf(id), value: undefined }),
      () => {},
      failed,
    );
  }
}

/** Ids as text in the order of the ids. */
function keyOf(id: number): string {
  return String(id).padStart(16, '0');
}

/** A letter whole, or without what cannot be written. @throws CodecError when nothing can */
function encodeLetter(letter: DeadLetter, reduced: (error: unknown) => void): Uint8Array {
  try {
    return encode(letter);
  } catch (error) {
    const { id, type, source, time, priority, schemaVersion, key } = letter.event;
    const event = { id, type, source, time, priority, schemaVersion, data: undefined };
    const incomplete = text(describeError(error));
    const bytes = encode({ ...letter, event: key === undefined ? event : { ...event, key }, incomplete });
    reduced(error);
    return bytes;
  }
}

function encode(letter: DeadLetter): Uint8Array {
  const { event, error, id, subscriber, reason, attempts, time, requeued, position, incomplete } = letter;
  const data: LetterFields = {
    subscriber,
    reason,
    attempts,
    error: storedError(error),
    time,
    requeued,
    position,
    ...(incomplete === undefined ? {} : { incomplete }),
  };
  const about: EventEnvelope = {
    id: String(id),
    type: 'breakwater.dead-letter',
    source: 'breakwater',
    time,
    priority: 'normal',
    schemaVersion: 1,
    data,
  };
  return codec.encode([event, about]);
}

function decode(id: number, bytes: Uint8Array): DeadLetter {
  const [event, about] = codec.decode(bytes);
  if (event === undefined || about === undefined) throw new CodecError('a dead letter has two parts');
  const fields = about.data as LetterFields;
  return { ...fields, id, event, error: fields.error, position: fields.position };
}

function storedError(error: unknown): StoredError | undefined {
  if (error === undefined) return undefined;
  const described = { name: 'Error', message: text(describeError(error)) };
  if (!(error instanceof Error)) return described;
  try {
    const { name, message, stack, code } = error as Error & { readonly code?: unknown };
    return {
      name: text(name),
      message: text(message),
      ...(typeof stack === 'string' ? { stack: text(stack) } : {}),
      ...(typeof code === 'string' ? { code: text(code) } : {}),
    };
  } catch {
    // Getters that throw: handlers throw what they like.
    return described;
  }
}

/** Text that can be written: half a character, from a cut or from elsewhere, cannot. */
function text(value: string): string {
  return value.slice(0, longestText).replace(/\p{Surrogate}/gu, '\uFFFD');
}
