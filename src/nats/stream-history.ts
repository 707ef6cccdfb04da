import { jetstream, type JetStreamManager } from '@nats-io/jetstream';
import type { MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { BreakwaterError, StorageError } from '../../streams/event/errors.ts';
import type { LogBounds, LogFault, LogPage, LogRange, LogRecord, ReadableLog } from '../event-log.ts';
import { checkMoment, isWanted, resolveRange, type ResolvedRange } from '../log/resolve-range.ts';
import { scanStream } from './scan-stream.ts';
import { positionOf, sequenceOf } from './stream-position.ts';
import { coveringPatterns, storedSubjects } from './subjects.ts';
import type { WireFormat } from './wire-message.ts';

/** Messages that one page looks at, at most; and of those, how many are asked for at once where time runs backwards. */
const maxLook = 1_024;
const atOnce = 32;

export interface StreamHistoryPorts {
  readonly clock: Clock;
  readonly format: WireFormat;
  /** Resolves when the stream can be asked. */
  readonly open: () => Promise<{ readonly manager: JetStreamManager; readonly connection: NatsConnection }>;
}

interface Stored {
  readonly sequence: number;
  readonly time: number;
  readonly data: Uint8Array;
  readonly headers: MsgHdrs | undefined;
}

interface Page {
  readonly records: LogRecord[];
  readonly faults: LogFault[];
}

/**
 * Reads the stream of a `jetStream()` transport as a log: what all processes have published, as long as it is kept there.
 *
 * Positions are those that handlers see in `context.position`. Patterns are sifted by the server where one subject
 * covers them; keys and correlation ids are looked for here. `count` counts messages, and `last` is the last position
 * that the last message has room for: what is in messages is not known before they are read.
 */
export class StreamHistory implements ReadableLog {
  readonly #stream: string;
  readonly #namespace: string;
  readonly #ports: StreamHistoryPorts;

  constructor(stream: string, namespace: string, ports: StreamHistoryPorts) {
    this.#stream = stream;
    this.#namespace = namespace;
    this.#ports = ports;
  }

  async read(range?: LogRange): Promise<LogPage> {
    const wanted = resolveRange(range);
    return this.#asked(async () => {
      const { first, last } = await this.bounds();
      let from = Math.max(wanted.from, first);
      let to = Math.min(wanted.to, last);
      if (wanted.since !== undefined) from = Math.max(from, await this.positionAt(wanted.since));
      if (wanted.until !== undefined) to = Math.min(to, (await this.positionAt(wanted.until)) - 1);
      const within = { ...wanted, from, to };
      if (from > to) return { records: [], faults: [], next: wanted.newest ? from - 1 : from, atEnd: true };
      return wanted.newest ? this.#down(within) : this.#up(within, this.#subjectOf(range?.patterns ?? ['>']));
    });
  }

  bounds(): Promise<LogBounds> {
    return this.#asked(async () => {
      const { manager } = await this.#ports.open();
      const { first_seq, last_seq, messages } = (await manager.streams.info(this.#stream)).state;
      return {
        first: positionOf(Math.max(1, messages === 0 ? last_seq + 1 : first_seq), 0),
        last: last_seq === 0 ? 0 : positionOf(last_seq + 1, 0) - 1,
        count: messages,
      };
    });
  }

  async positionAt(time: number): Promise<number> {
    checkMoment('time', time);
    return this.#asked(async () => {
      const { manager, connection } = await this.#ports.open();
      const scan = {
        stream: this.#stream,
        subject: storedSubjects(this.#namespace),
        headersOnly: true,
        from: { time },
      };
      for await (const { seq } of scanStream(jetstream(connection), manager, scan)) return positionOf(seq, 0);
      return (await this.bounds()).last + 1;
    });
  }

  async #up(wanted: ResolvedRange, subject: string): Promise<LogPage> {
    const { manager, connection } = await this.#ports.open();
    const page: Page = { records: [], faults: [] };
    const from = { sequence: sequenceOf(wanted.from) };
    let looked = 0;
    for await (const message of scanStream(jetstream(connection), manager, {
      stream: this.#stream,
      subject,
      headersOnly: false,
      from,
    })) {
      const { seq: sequence, data, headers, time } = message;
      if (positionOf(sequence, 0) > wanted.to) break;
      const full = this.#take({ sequence, data, headers, time: time.getTime() }, page, wanted);
      looked += 1;
      const next = full ?? (looked >= maxLook ? positionOf(sequence + 1, 0) : undefined);
      if (next !== undefined) return { ...page, next, atEnd: next > wanted.to };
    }
    return { ...page, next: wanted.to + 1, atEnd: true };
  }

  async #down(wanted: ResolvedRange): Promise<LogPage> {
    const { manager } = await this.#ports.open();
    const page: Page = { records: [], faults: [] };
    const lowest = sequenceOf(wanted.from);
    let high = sequenceOf(wanted.to);
    for (let looked = 0; high >= lowest && looked < maxLook; looked += atOnce) {
      const low = Math.max(lowest, high - atOnce + 1);
      const asked = Array.from({ length: high - low + 1 }, (_, at) => this.#message(manager, high - at));
      for (const message of await Promise.all(asked)) {
        const full = message === undefined ? undefined : this.#take(message, page, wanted);
        if (full !== undefined) return { ...page, next: full, atEnd: full < wanted.from };
      }
      high = low - 1;
    }
    const next = high < lowest ? wanted.from - 1 : positionOf(high + 1, 0) - 1;
    return { ...page, next, atEnd: next < wanted.from };
  }

  /** Undefined where it is gone. */
  async #message(manager: JetStreamManager, sequence: number): Promise<Stored | undefined> {
    const stored = await manager.streams
      .getMessage(this.#stream, { seq: sequence })
      .catch((error: unknown) => {
        if ((error as { readonly status?: unknown }).status === 404) return null;
        throw error;
      });
    if (stored === null) return undefined;
    return { sequence, data: stored.data, headers: stored.header, time: stored.time.getTime() };
  }

  /** Takes what is wanted of a message; gives where to read on once the page is full. */
  #take(
    { sequence, data, headers, time }: Stored,
    { records, faults }: Page,
    wanted: ResolvedRange,
  ): number | undefined {
    let events: readonly EventEnvelope[];
    try {
      events = this.#ports.format.decode(data, headers, this.#ports.clock.now());
    } catch (error) {
      faults.push({ position: positionOf(sequence, 0), reason: describeError(error) });
      return undefined;
    }
    for (let step = 0; step < events.length; step += 1) {
      const place = wanted.newest ? events.length - 1 - step : step;
      const position = positionOf(sequence, place);
      const event = events[place];
      if (event === undefined || position < wanted.from || position > wanted.to) continue;
      if (!isWanted(event, wanted)) continue;
      records.push({ position, event, appendedAt: time });
      if (records.length >= wanted.limit) return wanted.newest ? position - 1 : position + 1;
    }
    return undefined;
  }

  #subjectOf(patterns: NonNullable<LogRange['patterns']>): string {
    const [only, ...more] = coveringPatterns(patterns);
    return storedSubjects(this.#namespace, '*', '*', more.length === 0 && only !== undefined ? only : '>');
  }

  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof BreakwaterError) throw error;
      const message = `stream ${this.#stream} could not be read: ${describeError(error)}`;
      throw new StorageError(message, { cause: error });
    }
  }
}
