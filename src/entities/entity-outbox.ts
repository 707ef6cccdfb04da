import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { msgpackCodec } from '../../streams/event/msgpack-codec.ts';
import type { RecordStamp } from './entity-record.ts';

/** Knows which commits have been published to their end. */
export interface PublishedCommits {
  /** This owner's fencing token: higher than that of every owner before. */
  readonly epoch: number;
  isPublished(epoch: number, number: number): boolean;
}

/**
 * What entities have emitted, kept within their records until it is published.
 *
 * A record is stamped with the owner that wrote it and the number of its commit. Whoever opens one whose commit is
 * not known to be published publishes it again, under the same ids, and writes the record anew under its own stamp.
 */
export class EntityOutbox {
  /** The number of the commit that is being made. */
  number = 0;
  readonly #codec = msgpackCodec({ maxBytes: 16_777_216, maxItems: 1_000_000 });
  readonly #commits: PublishedCommits;
  #events = new Map<string, EventEnvelope[]>();

  constructor(commits: PublishedCommits) {
    this.#commits = commits;
  }

  get empty(): boolean {
    return this.#events.size === 0;
  }

  emit(key: string, event: EventEnvelope): void {
    const events = this.#events.get(key);
    if (events === undefined) this.#events.set(key, [event]);
    else events.push(event);
  }

  /** The stamp of a record that is written now. @throws CodecError */
  stamp(key: string): RecordStamp {
    const { epoch } = this.#commits;
    const events = this.#events.get(key);
    return { epoch, number: this.number, outbox: events && this.#codec.encode(events) };
  }

  /** Begins the next commit, and gives what the one before has emitted. */
  take(): readonly (readonly EventEnvelope[])[] {
    const outboxes = [...this.#events.values()];
    this.#events = new Map();
    return outboxes;
  }

  /** What a record holds that may not have been published. Undefined where the record is of a later owner. */
  unpublished({ epoch, number, outbox }: RecordStamp): readonly EventEnvelope[] | undefined {
    if (epoch > this.#commits.epoch) return undefined;
    if (outbox === undefined || this.#commits.isPublished(epoch, number)) return [];
    return this.#codec.decode(outbox);
  }

  /** Forgets what is in no record. */
  reset(): void {
    this.#events = new Map();
  }
}
