import type { Clock } from '../../streams/event/clock.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { ConflictError, StorageError } from '../../streams/event/errors.ts';
import type { Appended, AppendListener } from '../event-log.ts';
import type { PublishLevel } from '../publish-level.ts';
import type { LogIndex } from './log-index.ts';
import { type LogStream, timeHeader } from './log-stream.ts';
import { positionOf } from './stream-position.ts';
import type { WireFormat, WireMessage } from './wire-message.ts';

/** Events that share a message at most; a larger batch has one of its own. */
const sharedEvents = 512;
/** Milliseconds before an append is sent again. */
const againMs = 100;

export interface LogAppenderPorts {
  readonly clock: Clock;
  readonly stream: LogStream;
  readonly format: WireFormat;
  readonly index: LogIndex;
  /** Does something while nothing else writes. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
}

interface Waiting {
  readonly events: readonly EventEnvelope[];
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

/** Appends batches in the order of the calls, those that wait together as one message. */
export class LogAppender {
  readonly #config: { readonly level: PublishLevel; readonly timeoutMs: number; readonly prefix: string };
  readonly #ports: LogAppenderPorts;
  readonly #listeners = new Set<AppendListener>();
  #queue: Waiting[] = [];
  #running: Promise<void> | undefined;
  #number = 0;

  constructor(
    config: { readonly level: PublishLevel; readonly timeoutMs: number; readonly prefix: string },
    ports: LogAppenderPorts,
  ) {
    this.#config = config;
    this.#ports = ports;
  }

  append(events: readonly EventEnvelope[]): Promise<Appended> {
    const { level } = this.#config;
    if (events.length === 0) return Promise.resolve({ first: this.#ports.index.last + 1, level });
    const appended = new Promise<Appended>((resolve, reject) => {
      // The caller may change its list as soon as it has called.
      this.#queue.push({ events: [...events], resolve, reject });
    });
    this.#running ??= this.#run();
    return appended;
  }

  watch(listener: AppendListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when nothing waits. */
  async whenQuiet(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // What is appended in one turn shares a message.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      let events = 0;
      const fits = this.#queue.findIndex((waiting) => (events += waiting.events.length) > sharedEvents);
      const group = this.#queue.splice(0, fits < 0 ? this.#queue.length : Math.max(1, fits));
      await this.#appendAll(group);
    }
    this.#running = undefined;
  }

  async #appendAll(group: readonly Waiting[]): Promise<void> {
    const events = group.flatMap((waiting) => waiting.events);
    this.#number += 1;
    let message: WireMessage;
    try {
      message = this.#ports.format.encode(events, '');
    } catch (error) {
      const [only] = group;
      // One of them cannot be written, or all are too large together: each alone, then.
      if (group.length > 1) for (const one of group) await this.#appendAll([one]);
      else only?.reject(error);
      return;
    }
    try {
      const { sequence, appendedAt } = await this.#ports.alone(() => this.#send(message, events.length));
      this.#settle(group, sequence, appendedAt);
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  #settle(group: readonly Waiting[], sequence: number, appendedAt: number): void {
    let place = 0;
    for (const { events, resolve } of group) {
      const first = positionOf(sequence, place);
      place += events.length;
      for (const listener of this.#listeners) listener(first, events, appendedAt);
      resolve({ first, level: this.#config.level });
    }
  }

  async #send(message: WireMessage, count: number): Promise<{ sequence: number; appendedAt: number }> {
    const { clock, stream, index } = this.#ports;
    const deadline = clock.monotonic() + this.#config.timeoutMs;
    // Where somebody else has appended since, the server says so: that is cheaper than to ask each time.
    if (index.lastSequence === 0) await stream.load(index);
    for (;;) {
      const after = index.lastSequence;
      const appendedAt = Math.max(index.lastTime, Math.floor(clock.now()));
      message.headers.set(timeHeader, String(appendedAt));
      const id = `${this.#config.prefix}-${after}-${this.#number}`;
      try {
        const sequence = await this.#store(message, id, after, deadline);
        index.add({ sequence, count, appendedAt });
        return { sequence, appendedAt };
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
        await stream.load(index);
      }
    }
  }

  /** Sends it until there is an answer: under the same id and after the same message, it is stored once. */
  async #store(message: WireMessage, id: string, after: number, deadline: number): Promise<number> {
    const { clock, stream } = this.#ports;
    for (;;) {
      try {
        return await stream.append(message, id, after);
      } catch (error) {
        const isOpen = error instanceof StorageError && error.unknown;
        if (!isOpen || clock.monotonic() + againMs >= deadline) throw error;
      }
      await new Promise<void>((resolve) => clock.setTimeout(resolve, againMs));
    }
  }
}
