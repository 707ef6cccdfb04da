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
import { noSuspect, suspectedNext, suspectTried, type Suspect } from './suspect.ts';

/** Milliseconds between writes of a place: what a process that is killed has handled, others read again. */
const pauseMs = 100;
/** Owners of before of whom is kept how far they had published. */
const mostBefore = 64;
/** Milliseconds that an owner lives before it is no death of its predecessors' kind. */
const calmMs = 10_000;

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

const noPlace: PlaceRecord = {
  position: 0,
  epoch: 0,
  published: 0,
  before: [],
  begun: noSuspect,
  left: true,
};

/**
 * How far one partition of a kind has come: up to which event all is kept, up to which commit all is published, the
 * fencing token of who wrote it, and what its owners may have died of.
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
  #now = noPlace;
  #kept: PlaceRecord | undefined;
  #revision = 0;
  #writing: Promise<void> | undefined;
  #timer: TimerHandle;
  #left = false;
  #horizon = 0;
  #foundAt = 0;
  /** Owners have died one after the other, and it is not known of what. */
  #suspicious = false;

  constructor(definition: EntityDefinition, ports: PartitionPlacePorts) {
    this.#definition = definition;
    this.#ports = ports;
    this.#bucket = `entity-places:${definition.kind}`;
    this.#key = String(ports.partition);
  }

  get epoch(): number {
    return this.#now.epoch;
  }

  get suspect(): Suspect | undefined {
    return this.#suspicious ? this.#now.begun : undefined;
  }

  /** The end of the stream as it was when this process became the owner. */
  get horizon(): number {
    return this.#horizon;
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
    for (;;) {
      try {
        return await this.#claim();
      } catch (error) {
        // The owner before has written once more: its last word counts.
        if (!(error instanceof ConflictError) || !this.#ports.holds()) throw error;
      }
    }
  }

  async #claim(): Promise<KindPlace> {
    const { shared, start, clock } = this.#ports;
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
    const suspect = this.#suspected(before);
    const record = this.#claimed(before, position, found?.revision ?? 0, suspect);
    this.#revision = await this.#store(record, found?.revision ?? 0);
    this.#before = new Map(record.before);
    this.#now = record;
    this.#kept = record;
    this.#suspicious = suspect.tried;
    this.#horizon = last;
    this.#foundAt = clock.monotonic();
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
    this.#writeSoon();
  }

  /** Keeps what is tried, from an input on: the next owner counts, if this one dies of it. @throws ConflictError, StorageError */
  async mark(sequence: number, key: string, size: number): Promise<void> {
    this.#now = { ...this.#now, begun: suspectTried(this.#now.begun, sequence, key, size) };
    await this.flush();
  }

  /** Keeps that nothing is suspected any more. @throws ConflictError, StorageError */
  async acquit(): Promise<void> {
    this.#suspicious = false;
    this.#now = { ...this.#now, begun: noSuspect };
    await this.flush();
  }

  /** Nothing waits to be handled: once this owner has lived for a while, deaths of before were not the beginning of a row. */
  calm(): void {
    const { crashes } = this.#now.begun;
    const livedMs = this.#ports.clock.monotonic() - this.#foundAt;
    if (crashes === 0 || this.#suspicious || livedMs < calmMs) return;
    this.#now = { ...this.#now, begun: noSuspect };
    this.#writeSoon();
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

  /** Writes nothing more but what is to be kept now, and that this owner did not die. */
  async leave(): Promise<void> {
    this.#left = true;
    this.#ports.clock.clearTimeout(this.#timer);
    await this.#writing;
    if (this.#kept === undefined) return;
    // Also where its lease has run out, as long as nobody has followed: but then it says nothing else, and nobody waits.
    const holds = this.#ports.holds();
    const said = this.#storeOwn({ ...(holds ? this.#now : this.#kept), left: true }).catch(() => {});
    if (holds) await said;
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
    return { ...noPlace, epoch: found.revision };
  }

  /** What the owners before may have died of, if they did. */
  #suspected(before: PlaceRecord | undefined): Suspect {
    if (before === undefined) return noSuspect;
    const { begun, left, epoch } = before;
    // It may have been this process itself, which lives.
    if (epoch === this.#now.epoch) return { ...this.#now.begun, tried: this.#suspicious };
    return suspectedNext(begun, !left);
  }

  #claimed(
    before: PlaceRecord | undefined,
    position: number,
    revision: number,
    suspect: Suspect,
  ): PlaceRecord {
    // Nothing is tried yet: who dies before that died of something else.
    const begun = suspect.crashes === 0 && suspect.deaths === 0 ? noSuspect : { ...suspect, tried: false };
    const own = { ...noPlace, position, begun, left: false };
    if (before === undefined) return { ...own, epoch: Math.max(1, revision) };
    const { epoch } = before;
    // It may have been this process itself, which knows more than it has kept.
    const published = epoch === this.#now.epoch ? this.#now.published : before.published;
    const owners = [...before.before, [epoch, published] as const].slice(-mostBefore);
    return { ...own, epoch: epoch + 1, before: owners };
  }

  #writeSoon(): void {
    if (this.#timer !== undefined || this.#writing !== undefined || this.#left) return;
    this.#timer = this.#ports.clock.setTimeout(this.#write, pauseMs, true);
  }

  readonly #write = (): void => {
    this.#timer = undefined;
    this.#put().catch((error: unknown) => {
      const { logger } = this.#ports;
      logger.debug({ error }, `the place of ${this.#name} was not kept: ${describeError(error)}`);
    });
  };

  async #put(): Promise<void> {
    this.#fence();
    const record = this.#now;
    const put = async (): Promise<void> => {
      this.#revision = await this.#storeOwn(record);
      this.#kept = record;
    };
    const writing = put();
    this.#writing = writing.catch(() => {});
    try {
      await writing;
    } finally {
      this.#writing = undefined;
    }
    if (this.#now !== record) this.#writeSoon();
  }

  /** Writes it also where a write before was kept, and its answer lost. */
  async #storeOwn(record: PlaceRecord): Promise<number> {
    try {
      return await this.#store(record, this.#revision);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      const found = await this.#ports.shared.states.read(this.#bucket, this.#key);
      if (found === undefined || decodePlace(found.value)?.epoch !== record.epoch) throw error;
      return await this.#store(record, found.revision);
    }
  }

  async #store(record: PlaceRecord, expected: number): Promise<number> {
    const { states } = this.#ports.shared;
    return await states.write({ bucket: this.#bucket, key: this.#key, value: encodePlace(record), expected });
  }
}
