import type { EntityDefinition } from '../../actors/define-entity.ts';
import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import { ConflictError, StorageError } from '../../streams/event/errors.ts';
import type { Logger } from '../logger.ts';
import type { SharedEntities } from '../shared-entities.ts';
import type { Snapshot } from '../snapshot-store.ts';
import type { PublishedCommits } from './entity-outbox.ts';
import { checkKindVersion, type KindPlace, type KindPlaces } from './entity-place.ts';
import { decodePlace, encodePlace, type PlaceRecord } from './place-record.ts';

/** Milliseconds between writes of a place: what a process that is killed has handled, others read again. */
const pauseMs = 100;
/** Owners of before of whom is kept how far they had published. */
const mostBefore = 64;

export interface PartitionPlacePorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly shared: SharedEntities;
  readonly partition: number;
  /** Where the kind began; the same for all partitions. */
  readonly start: number;
  /** Whether the partition is this process's at this instant. */
  readonly holds: () => boolean;
}

/**
 * How far one partition of a kind has come: up to which event all is kept, up to which commit all is published, and
 * the fencing token of who wrote it.
 *
 * The first thing that an owner does is to write it under the next token. Whoever owned the partition before can
 * write it no more, and learns so. It is written behind commits, not with them: what it does not know yet is found
 * out from the records.
 */
export class PartitionPlace implements KindPlaces, PublishedCommits {
  readonly #definition: EntityDefinition;
  readonly #ports: PartitionPlacePorts;
  readonly #bucket: string;
  readonly #key: string;
  #before = new Map<number, number>();
  #now: PlaceRecord = { position: 0, epoch: 0, published: 0, before: [] };
  #kept: PlaceRecord | undefined;
  #revision = 0;
  #writing: Promise<void> | undefined;
  #timer: TimerHandle;
  #left = false;

  constructor(definition: EntityDefinition, ports: PartitionPlacePorts) {
    this.#definition = definition;
    this.#ports = ports;
    this.#bucket = `entity-places:${definition.kind}`;
    this.#key = String(ports.partition);
  }

  get epoch(): number {
    return this.#now.epoch;
  }

  isPublished(epoch: number, number: number): boolean {
    const { epoch: own, published } = this.#now;
    // Of owners that are forgotten, all that could be published was.
    return number <= (epoch === own ? published : (this.#before.get(epoch) ?? Infinity));
  }

  checkVersion(): Promise<void> {
    return checkKindVersion(this.#definition, this.#ports.shared.states);
  }

  /** Makes this process the owner: whoever was it before can keep no place any more. @throws ConflictError, StorageError */
  async find(): Promise<KindPlace> {
    await this.#writing;
    const { shared, start } = this.#ports;
    const [found, last] = await Promise.all([shared.states.read(this.#bucket, this.#key), shared.last()]);
    this.#fence();
    const before = this.#read(found);
    const { position } = before ?? { position: start };
    if (position > last) {
      throw new StorageError(
        `${this.#name} stands at ${position}, and its stream ends at ${last}: the stream was made anew. Remove the ` +
          `states of ${this.#definition.kind} to begin with it, or bring the stream back`,
      );
    }
    const record = this.#claimed(before, position, found?.revision ?? 0);
    this.#revision = await shared.states.write({
      bucket: this.#bucket,
      key: this.#key,
      value: encodePlace(record),
      expected: found?.revision ?? 0,
    });
    this.#before = new Map(record.before);
    this.#now = record;
    this.#kept = record;
    return { cursor: position, revision: this.#revision };
  }

  /** All up to a position is kept, and what commits up to a number have emitted is published. */
  advance(position: number, published: number): void {
    const now = this.#now;
    if (position <= now.position && published <= now.published) return;
    this.#now = {
      ...now,
      position: Math.max(now.position, position),
      published: Math.max(now.published, published),
    };
    if (this.#timer !== undefined || this.#writing !== undefined || this.#left) return;
    this.#timer = this.#ports.clock.setTimeout(this.#write, pauseMs, true);
  }

  /** Keeps at once that a commit is published. @throws ConflictError, StorageError */
  async published(number: number): Promise<void> {
    this.advance(0, number);
    await this.flush();
  }

  /** Resolves when it is kept. @throws ConflictError, StorageError */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#kept === this.#now || this.#kept === undefined) return;
    this.#ports.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#put();
  }

  /** Writes nothing more but what is to be kept now. */
  async leave(): Promise<void> {
    this.#left = true;
    this.#ports.clock.clearTimeout(this.#timer);
    // Who may not write it any more has nothing to keep.
    await this.flush().catch(() => {});
  }

  get #name(): string {
    return `partition ${this.#key} of ${this.#definition.kind}`;
  }

  #fence(): void {
    if (this.#ports.holds()) return;
    throw new ConflictError(`${this.#name} belongs to another process by now`);
  }

  #read(found: Snapshot | undefined): PlaceRecord | undefined {
    if (found === undefined) return undefined;
    const record = decodePlace(found.value);
    if (record !== undefined) return record;
    const { logger, partition } = this.#ports;
    logger.error(
      { entity: this.#definition.kind, partition },
      `the place of ${this.#name} cannot be read; its events are read from the start, and those that were handled left out`,
    );
    // Above the token of every owner before: each of them took a write.
    return { position: 0, epoch: found.revision, published: 0, before: [] };
  }

  #claimed(before: PlaceRecord | undefined, position: number, revision: number): PlaceRecord {
    if (before === undefined) return { position, epoch: Math.max(1, revision), published: 0, before: [] };
    const { epoch } = before;
    // It may have been this process itself, which knows more than it has kept.
    const published = epoch === this.#now.epoch ? this.#now.published : before.published;
    const owners = [...before.before, [epoch, published] as const].slice(-mostBefore);
    return { position, epoch: epoch + 1, published: 0, before: owners };
  }

  readonly #write = (): void => {
    this.#timer = undefined;
    this.#put().catch((error: unknown) => {
      const { logger } = this.#ports;
      logger.debug({ error }, `the place of ${this.#name} was not kept: ${describeError(error)}`);
    });
  };

  async #put(): Promise<void> {
    const { shared } = this.#ports;
    this.#fence();
    const record = this.#now;
    const put = async (): Promise<void> => {
      this.#revision = await shared.states.write({
        bucket: this.#bucket,
        key: this.#key,
        value: encodePlace(record),
        expected: this.#revision,
      });
      this.#kept = record;
    };
    const writing = put();
    this.#writing = writing.catch(() => {});
    try {
      await writing;
    } finally {
      this.#writing = undefined;
    }
    if (this.#now !== record && !this.#left)
      this.#timer ??= this.#ports.clock.setTimeout(this.#write, pauseMs, true);
  }
}
