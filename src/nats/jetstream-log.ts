import type { Clock } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { BreakwaterError, ClosedError, ConflictError, StorageError } from '../../streams/event/errors.ts';
import type { Random } from '../../streams/event/random.ts';
import type {
  Appended,
  AppendListener,
  EventLog,
  LogBounds,
  LogFeatures,
  LogPage,
  LogRange,
} from '../event-log.ts';
import { checkMoment, checkPosition } from '../log/resolve-range.ts';
import { consoleLogger, type Logger } from '../logger.ts';
import { LogAppender } from './log-appender.ts';
import { LogIndex, type LogNote } from './log-index.ts';
import { type JetStreamLogOptions, resolveLog, type ResolvedLog } from './log-options.ts';
import { readPage } from './log-page.ts';
import { LogStream } from './log-stream.ts';
import { NatsLink } from './nats-link.ts';
import { WireFormat } from './wire-message.ts';

/** A log that is open, and holds a connection until it is closed. */
export interface JetStreamLog extends EventLog {
  /** Finishes what is under way, and lets go of the connection. Idempotent. */
  close(): Promise<void>;
}

/** What a log is given. */
export interface JetStreamLogPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger;
}

/**
 * Keeps a log of events in a stream of NATS JetStream of its own; any number of processes may append.
 *
 * Each append is one message or shares one, so that a batch is atomic, and is stored only behind the last message that
 * its writer knew: positions and times never go back. `remove` and `trim` write a note first, then delete the
 * messages of which nothing is left. An index of the messages is kept in memory: about 24 bytes each, read from the
 * headers when the log is first used. Patterns, keys and correlation ids are looked for here, in what was read. `watch`
 * hears the appends of this process. Positions have gaps. Needs NATS 2.9.
 *
 * @throws RangeError or TypeError that names the option and the value.
 *
 * @example
 * ```ts no-run
 * const log = jetStreamLog({ servers: 'nats://127.0.0.1:4222', namespace: 'shop' })({ clock, random });
 * ```
 */
export function jetStreamLog(options: JetStreamLogOptions = {}): (ports: JetStreamLogPorts) => JetStreamLog {
  const config = resolveLog(options);
  return (ports) => new StreamLog(config, ports);
}

class StreamLog implements JetStreamLog {
  readonly name: string;
  readonly features: LogFeatures;
  readonly #link: NatsLink;
  readonly #stream: LogStream;
  readonly #format: WireFormat;
  readonly #clock: Clock;
  readonly #appender: LogAppender;
  readonly #index = new LogIndex();
  readonly #prefix: string;
  #notes = 0;
  #closing: Promise<void> | undefined;
  /** What looks at the index, or writes to the stream, does so one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(config: ResolvedLog, { clock, random, logger = consoleLogger() }: JetStreamLogPorts) {
    this.name = config.name;
    const level = config.replicas > 1 ? 'replicated' : config.storage === 'file' ? 'os' : 'accepted';
    this.features = { level, durable: config.storage === 'file', dense: false };
    this.#clock = clock;
    this.#link = new NatsLink(config.nats, { clock, random, logger });
    this.#stream = new LogStream(config, this.#link, clock);
    this.#format = new WireFormat(config.codec, false, config.maxMessageBytes);
    this.#prefix = Math.floor(random() * 2 ** 52).toString(36);
    this.#appender = new LogAppender(
      { level, timeoutMs: config.appendTimeoutMs, prefix: this.#prefix },
      {
        clock,
        stream: this.#stream,
        format: this.#format,
        index: this.#index,
        alone: (work) => this.#alone(work),
      },
    );
  }

  append(events: readonly EventEnvelope[]): Promise<Appended> {
    this.#check();
    return this.#appender.append(events);
  }

  async read(range?: LogRange): Promise<LogPage> {
    this.#check();
    return readPage(range, this.#index, {
      fresh: () => this.#fresh(),
      stream: this.#stream,
      format: this.#format,
      now: () => this.#clock.now(),
    });
  }

  async bounds(): Promise<LogBounds> {
    this.#check();
    await this.#fresh();
    return this.#index.bounds();
  }

  async positionAt(time: number): Promise<number> {
    this.#check();
    checkMoment('time', time);
    await this.#fresh();
    return this.#index.positionAt(time);
  }

  async trim(before: number): Promise<number> {
    this.#check();
    checkPosition('before', before);
    const decide = (): LogNote => {
      const { last, lastTime: time } = this.#index;
      return { before: Math.min(before, last + 1), last, time };
    };
    const count = (): number => this.#index.countBefore(before);
    return this.#noted(count, decide, () => this.#stream.purge(this.#index.firstSequence));
  }

  async remove(positions: readonly number[]): Promise<number> {
    this.#check();
    for (const position of positions) checkPosition('positions', position);
    let removed: number[] = [];
    const count = (): number => {
      removed = [...new Set(positions)].filter((position) => this.#index.has(position));
      return removed.length;
    };
    const decide = (): LogNote => {
      const { last, lastTime: time } = this.#index;
      return { removed, last, time };
    };
    return this.#noted(count, decide, async (emptied) => {
      for (const sequence of emptied) await this.#stream.delete(sequence);
    });
  }

  watch(listener: AppendListener): () => void {
    return this.#appender.watch(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    await this.#appender.whenQuiet();
    await this.#turn.catch(() => {});
    await this.#link.close();
  }

  /** Takes something out: says so in the log, then deletes what nobody needs any more. */
  #noted(
    countIt: () => number,
    noteOf: () => LogNote,
    tidy: (emptied: readonly number[]) => Promise<void>,
  ): Promise<number> {
    return this.#alone(async () => {
      for (;;) {
        await this.#load();
        const count = countIt();
        if (count === 0) return 0;
        const note = noteOf();
        this.#notes += 1;
        const after = this.#index.lastSequence;
        try {
          const sequence = await this.#stream.note(
            note,
            `${this.#prefix}-${after}-note-${this.#notes}`,
            after,
          );
          // It is gone by the note; what is not deleted now takes room until the next time.
          await tidy(this.#index.note(sequence, note)).catch(() => {});
          return count;
        } catch (error) {
          if (!(error instanceof ConflictError)) throw error;
        }
      }
    });
  }

  #fresh(): Promise<void> {
    return this.#alone(() => this.#load());
  }

  #load(): Promise<void> {
    return this.#stream.load(this.#index);
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work).catch((error: unknown) => {
      if (error instanceof BreakwaterError) throw error;
      throw new StorageError(`the log ${this.name}: ${describeError(error)}`, { cause: error });
    });
    this.#turn = result.catch(() => {});
    return result;
  }

  #check(): void {
    if (this.#closing !== undefined) throw new ClosedError(`the log ${this.name} is closed`);
  }
}
