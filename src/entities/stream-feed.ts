import type { EntityDefinition } from '../../actors/define-entity.ts';
import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import type { SharedEntities, StreamListener, StreamReading } from '../shared-entities.ts';
import type { EntitySink, EntitySource } from './entity-source.ts';
import { keyOfInput } from './key-of-input.ts';
import { eventInput, type EntityInput } from './live-entity.ts';

export interface StreamFeedPorts {
  readonly clock: Clock;
  readonly shared: SharedEntities;
  readonly patterns: readonly (string | GlobPattern)[];
  /** Gives events the form that their definitions have now. */
  readonly lift: (event: EventEnvelope) => EventEnvelope;
  readonly onFault: (message: string) => void;
}

/** Milliseconds in which partitions that come one after the other are gathered: they read together. */
const gatherMs = 20;

/**
 * Reads the events of a kind once for all partitions that this process owns, and gives each to its own.
 *
 * Whose an event is, its entity's key decides, which need not be that of the event: so each process reads all
 * events of a kind and handles its share. A partition that begins behind what has been read makes it read again
 * from there; the others leave out what they have had.
 */
export class StreamFeed implements StreamListener {
  readonly ports: StreamFeedPorts;
  readonly #definition: EntityDefinition;
  readonly #sources = new Map<number, PartitionSource>();
  #reading: StreamReading | undefined;
  /** All up to here has been offered. */
  position = 0;
  caughtUp = false;
  /** Nothing more is asked for until there is room, though nothing is known to be there. */
  #full = false;
  #again = false;
  #timer: TimerHandle;

  constructor(definition: EntityDefinition, ports: StreamFeedPorts) {
    this.#definition = definition;
    this.ports = ports;
  }

  source(partition: number): EntitySource {
    return new PartitionSource(this, partition);
  }

  /** A partition wants what is behind its `after`. */
  attach(source: PartitionSource): void {
    this.#sources.set(source.partition, source);
    if (this.#reading !== undefined && source.after >= this.position) {
      source.attached = true;
      return;
    }
    if (this.#again) return;
    this.#again = true;
    this.#timer = this.ports.clock.setTimeout(this.#readAgain, gatherMs);
  }

  detach(source: PartitionSource): void {
    if (this.#sources.get(source.partition) !== source) return;
    this.#sources.delete(source.partition);
    if (this.#sources.size === 0) this.close();
    else this.refill();
  }

  refill(): void {
    this.#reading?.refill();
    if (!this.#full || this.room() <= 0) return;
    this.#full = false;
    this.caughtUp = true;
    this.#wake();
  }

  close(): void {
    this.ports.clock.clearTimeout(this.#timer);
    this.#again = false;
    this.#reading?.close();
    this.#reading = undefined;
    this.position = 0;
    this.caughtUp = false;
  }

  event(read: EventEnvelope, position: number, time: number): void {
    const input = this.#input(read, position, time);
    if (input === undefined) return;
    const { shared } = this.ports;
    // One that is for no entity is given up by one process only.
    const source = this.#sources.get(shared.partitionOf(input.key ?? read.id));
    if (source?.attached === true && position > source.given) source.sink?.take(input);
  }

  fault(position: number, reason: string): void {
    this.ports.onFault(`position ${position} of the stream cannot be read: ${reason}`);
  }

  reached(position: number, caughtUp: boolean): void {
    this.position = Math.max(this.position, position);
    // Whoever has no room now asks for more once there is: only then will what comes be heard of.
    this.#full = caughtUp && this.room() <= 0;
    this.caughtUp = caughtUp && !this.#full;
    this.#wake();
  }

  room(): number {
    let room = Infinity;
    for (const { attached, sink } of this.#sources.values()) {
      if (attached && sink !== undefined) room = Math.min(room, sink.room());
    }
    return room;
  }

  #input(read: EventEnvelope, position: number, time: number): EntityInput | undefined {
    try {
      const input = eventInput(this.ports.lift(read), position, time);
      const key = keyOfInput(this.#definition, input);
      return key === undefined && input.fault === undefined ? undefined : input;
    } catch (error) {
      const input = eventInput(read, position, time);
      input.fault = error ?? new TypeError('the form of an event could not be lifted');
      return input;
    }
  }

  #wake(): void {
    for (const { attached, sink } of this.#sources.values()) if (attached) sink?.wake();
  }

  readonly #readAgain = (): void => {
    this.#again = false;
    this.#full = false;
    if (this.#sources.size === 0) return;
    let from = Infinity;
    for (const source of this.#sources.values()) {
      source.after = source.given;
      source.attached = true;
      from = Math.min(from, source.after);
    }
    this.#reading?.close();
    this.position = from;
    this.caughtUp = false;
    const { shared, patterns } = this.ports;
    this.#reading = shared.read(patterns, from, this);
  };
}

/** The events of one partition. */
class PartitionSource implements EntitySource {
  readonly partition: number;
  readonly #feed: StreamFeed;
  sink: EntitySink | undefined;
  /** It has had all up to here, whatever is read again. */
  after = 0;
  /** What is read now is for it, too. */
  attached = false;

  constructor(feed: StreamFeed, partition: number) {
    this.#feed = feed;
    this.partition = partition;
  }

  get given(): number {
    return this.attached ? Math.max(this.after, this.#feed.position) : this.after;
  }

  get unread(): number {
    return this.caughtUp ? 0 : 1;
  }

  get caughtUp(): boolean {
    return this.attached && this.#feed.caughtUp;
  }

  start(after: number, sink: EntitySink): void {
    this.after = after;
    this.sink = sink;
    this.attached = false;
    this.#feed.attach(this);
  }

  pull(): void {
    this.#feed.refill();
  }

  end(): Promise<number> {
    const { shared, patterns } = this.#feed.ports;
    return shared.end(patterns);
  }

  stop(): void {
    this.after = this.given;
    this.attached = false;
    this.sink = undefined;
    this.#feed.detach(this);
  }
}
