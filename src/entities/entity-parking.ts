import { msgpackCodec } from '../../streams/event/msgpack-codec.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { eventInput, type EntityInput } from './live-entity.ts';
import type { SnapshotStore, SnapshotWrite } from '../snapshot-store.ts';

const page = 1_024;
/** Digits of a position in an entry's key. */
const digits = 16;
/** A colon, the position, a letter, and the id of the event: two without a position must not meet. */
const suffix = digits + 38;

/** A key whose events wait behind one that was given up. */
export interface ParkedKey {
  readonly key: string;
  /** How many events wait, the one that was given up among them. */
  readonly events: number;
}

/**
 * The keys that stand still, since an event of theirs was given up: what comes later must not overtake it.
 *
 * Events are kept in the store, in their order; in memory there is a name for each, and their number is bounded.
 */
export class EntityParking {
  readonly #codec = msgpackCodec({ maxBytes: 16_777_216, maxItems: 1_000_000 });
  readonly #store: SnapshotStore;
  readonly #bucket: string;
  /** By key: the names of its entries. */
  readonly #keys = new Map<string, Set<string>>();
  #events = 0;

  /** `part` sets the keys of one partition apart from those of others. */
  constructor(kind: string, part: string, store: SnapshotStore) {
    this.#store = store;
    this.#bucket = `entity-parked:${kind}${part}`;
  }

  /** How many events are parked, all keys together. */
  get events(): number {
    return this.#events;
  }

  get size(): number {
    return this.#keys.size;
  }

  has(key: string): boolean {
    return this.#keys.size > 0 && this.#keys.has(key);
  }

  list(): ParkedKey[] {
    return [...this.#keys].map(([key, entries]) => ({ key, events: entries.size }));
  }

  /** Learns which keys are parked. Resolves to the first event of each. */
  async load(): Promise<EventEnvelope[]> {
    this.#keys.clear();
    this.#events = 0;
    const heads: EventEnvelope[] = [];
    for await (const { key, name, value } of this.#entries('')) {
      if (!this.#keys.has(key)) heads.push(this.#decode(value));
      this.#note(key, name);
    }
    return heads;
  }

  /** Parks an input; gives the write that keeps it, or undefined where it is kept already. */
  park(key: string, event: EventEnvelope, input: EntityInput): SnapshotWrite | undefined {
    // One that was let go of stands in its place still.
    if (input.entry !== undefined) return undefined;
    const place = String(input.position).padStart(digits, '0');
    const entry = `${key}:${place}${input.kind === 'event' ? 'e' : 't'}${event.id}`;
    // An event that comes again after a restart is parked already.
    if (!this.#note(key, entry)) return undefined;
    return { bucket: this.#bucket, key: entry, value: this.#codec.encode([event]) };
  }

  /** What is parked of a key, in order. */
  async inputs(key: string): Promise<EntityInput[]> {
    const inputs: EntityInput[] = [];
    for await (const entry of this.#entries(key)) {
      if (entry.key !== key) continue;
      const event = this.#decode(entry.value);
      const input = { ...eventInput(event, entry.position, event.time), key, entry: entry.name };
      inputs.push(entry.timer ? { ...input, kind: 'timer' } : input);
    }
    return inputs;
  }

  /** An input that was parked is done with: gives the write that removes it. */
  remove(key: string, entry: string): SnapshotWrite {
    const entries = this.#keys.get(key);
    if (entries?.delete(entry) === true) {
      this.#events -= 1;
      if (entries.size === 0) this.#keys.delete(key);
    }
    return { bucket: this.#bucket, key: entry, value: undefined };
  }

  async *#entries(
    prefix: string,
  ): AsyncGenerator<{ key: string; name: string; position: number; timer: boolean; value: Uint8Array }> {
    let after = '';
    for (;;) {
      const entries = await this.#store.list(this.#bucket, {
        limit: page,
        ...(prefix === '' ? {} : { prefix: `${prefix}:` }),
        ...(after === '' ? {} : { after }),
      });
      for (const { key: name, value } of entries) {
        const key = name.slice(0, -suffix);
        const place = name.slice(-suffix + 1);
        yield { key, name, position: Number(place.slice(0, digits)), timer: place[digits] === 't', value };
      }
      const last = entries.at(-1);
      if (last === undefined || entries.length < page) return;
      after = last.key;
    }
  }

  /** False when it is known. */
  #note(key: string, entry: string): boolean {
    let entries = this.#keys.get(key);
    if (entries === undefined) {
      entries = new Set();
      this.#keys.set(key, entries);
    }
    if (entries.has(entry)) return false;
    entries.add(entry);
    this.#events += 1;
    return true;
  }

  #decode(bytes: Uint8Array): EventEnvelope {
    return this.#codec.decode(bytes)[0] as EventEnvelope;
  }
}
