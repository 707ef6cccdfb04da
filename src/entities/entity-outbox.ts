import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { msgpackCodec } from '../../streams/event/msgpack-codec.ts';
import type { RecordStamp } from './entity-record.ts';
import type { EmittedEvents } from './entity-store.ts';

interface Emitted {
  readonly events: EventEnvelope[];
  readonly since: number;
  readonly adopted: boolean;
}

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
  #emitted = new Map<string, Emitted>();

  constructor(commits: PublishedCommits) {
    this.#commits = commits;
  }

  get empty(): boolean {
    return this.#emitted.size === 0;
  }

  /** An entity that had handled all up to `since` has emitted an event. */
  emit(key: string, event: EventEnvelope, since: number): void {
    const emitted = this.#emitted.get(key);
    if (emitted === undefined) this.#emitted.set(key, { events: [event], since, adopted: false });
    else emitted.events.push(event);
  }

  /** What an entity has emitted under an owner before goes with its next record. */
  adopt(
    key: string,
    { events, since }: { readonly events: readonly EventEnvelope[]; readonly since: number },
  ): void {
    this.#emitted.set(key, { events: [...events], since, adopted: true });
  }

  /** The stamp of a record that is written now. @throws CodecError */
  stamp(key: string): RecordStamp {
    const { epoch } = this.#commits;
    const { events, since } = this.#emitted.get(key) ?? { events: undefined, since: 0 };
    return { epoch, number: this.number, outbox: events && this.#codec.encode(events), since };
  }

  /** Begins the next commit, and gives what the one before has emitted. */
  take(): readonly EmittedEvents[] {
    const outboxes = [...this.#emitted.values()];
    this.#emitted = new Map();
    return outboxes.map(({ events, since, adopted }) => ({ events, since: adopted ? since : undefined }));
  }

  /** What a record holds that may not have been published. Undefined where the record is of a later owner. */
  unpublished({ epoch, number, outbox }: RecordStamp): readonly EventEnvelope[] | undefined {
    if (epoch > this.#commits.epoch) return undefined;
    if (outbox === undefined || this.#commits.isPublished(epoch, number)) return [];
    return this.#codec.decode(outbox);
  }

  /** Forgets what is in no record. */
  reset(): void {
    this.#emitted = new Map();
  }
}
