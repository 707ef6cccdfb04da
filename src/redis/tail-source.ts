import type { StartFrom } from '../start-from.ts';
import { TransportError } from '../../streams/event/errors.ts';
import type { EntrySource, TakeEntry } from './entry-source.ts';
import { Latch } from './latch.ts';
import { asTransportError } from './redis-failure.ts';
import type { RedisLink } from './redis-link.ts';
import type { StreamBell } from './stream-bell.ts';
import { readEntries } from './stream-reply.ts';

export interface SourcePorts {
  readonly link: RedisLink;
  readonly bell: StreamBell;
  /** How many entries may be read now. */
  readonly room: () => number;
  readonly take: TakeEntry;
  /** It cannot go on by itself; it tries again. */
  readonly onTrouble: (error: unknown) => Promise<void>;
}

/** Reads for a subscription without a place of its own: from a moment on, for as long as it lasts. */
export class TailSource implements EntrySource {
  readonly #key: string;
  readonly #from: StartFrom;
  readonly #ports: SourcePorts;
  readonly #latch = new Latch();
  readonly #unlisten: () => void;
  /** The last entry that was read. */
  #last = '0-0';
  #ended = false;

  constructor(key: string, from: StartFrom, ports: SourcePorts) {
    this.#key = key;
    this.#from = from;
    this.#ports = ports;
    this.#unlisten = ports.link.onUp(this.#latch.ring);
  }

  async open(): Promise<void> {
    const redis = await this.#ports.link.connected();
    this.#last = beforeStart(this.#from) ?? '0-0';
    if (this.#from === 'now') {
      try {
        const [newest] = readEntries(await redis.callBuffer('XREVRANGE', this.#key, '+', '-', 'COUNT', 1));
        this.#last = newest?.id ?? '0-0';
      } catch (error) {
        throw asTransportError(`${this.#ports.link.where} does not let ${this.#key} be read`, error);
      }
    }
    void this.#run();
  }

  refill(): void {
    this.#latch.ring();
  }

  detach(): void {
    this.#ended = true;
    this.#unlisten();
    this.#latch.ring();
  }

  release(): Promise<void> {
    this.detach();
    return Promise.resolve();
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      try {
        if (!(await this.#step())) await this.#latch.wait();
      } catch (error) {
        if (this.#ports.link.up !== undefined) await this.#ports.onTrouble(error);
      }
    }
  }

  /** Reads once; false when it has to wait. */
  async #step(): Promise<boolean> {
    const { link, bell, room, take } = this.#ports;
    const redis = link.up;
    const count = room();
    if (redis === undefined || count === 0) return false;
    const reply = await redis.callBuffer('XRANGE', this.#key, `(${this.#last}`, '+', 'COUNT', count);
    if (this.#ended) return false;
    const entries = readEntries(reply);
    for (const { id, fields } of entries) {
      this.#last = id;
      if (fields !== undefined) take({ id, fields }, 1);
    }
    if (entries.length > 0) return true;
    bell.after(this.#last, this.#latch.ring);
    return false;
  }
}

/** The id before the first that is wanted; undefined for `'now'`, which only the server knows. @throws TransportError */
export function beforeStart(from: StartFrom): string | undefined {
  if (from === 'now') return undefined;
  if (from === 'start') return '0-0';
  if ('time' in from) {
    const ms = Math.ceil(from.time) - 1;
    return ms < 0 ? '0-0' : `${ms}-18446744073709551615`;
  }
  throw new TransportError(
    `Redis Streams have no positions, so none can start at ${from.position}: use from: { time }, 'start' or 'now'`,
  );
}
