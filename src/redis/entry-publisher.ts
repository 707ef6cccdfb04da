import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { ClosedError, QueueFullError, TransportError } from '../../streams/event/errors.ts';
import type { Random } from '../../streams/event/random.ts';
import { RingBuffer } from '../../streams/queue/ring-buffer.ts';
import type { Published } from '../transport/transport.ts';
import type { EntryFields, EntryFormat } from './entry-format.ts';
import { asTransportError, describeFailure, judgeFailure } from './redis-failure.ts';
import type { RedisKeys } from './redis-keys.ts';
import type { RedisLink } from './redis-link.ts';
import { appendScript } from './server-scripts.ts';

/** Events that one command to the server appends at most; a larger batch goes alone. */
const appendEvents = 4096;
/** Milliseconds that the server remembers the number of a publisher's latest append. */
const rememberMs = 3_600_000;
/** Milliseconds before an append is sent again: at first, and at most. */
const firstDelayMs = 50;
const longestDelayMs = 1000;

export interface EntryPublisherConfig {
  readonly maxEntries: number;
  readonly maxBatchEvents: number;
  readonly maxPending: number;
  readonly timeoutMs: number;
}

export interface EntryPublisherPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly link: RedisLink;
  readonly format: EntryFormat;
  readonly keys: RedisKeys;
  /** This process, as the server knows it. */
  readonly member: () => string;
  /** What is stored now has reached this. */
  readonly published: () => Published;
  /** Whether events may be sent now; call `pump` when that changes. */
  readonly ready: () => boolean;
  readonly onQuiet: () => void;
}

/** What was published by one call. */
interface Unit {
  readonly events: readonly EventEnvelope[];
  readonly deadline: number;
  readonly resolve: (published: Published) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Appends events to the stream in the order in which they were published, many with one command.
 *
 *     add ─► queue ─► one append under way; what comes meanwhile goes with the next ─► settled
 *
 * Each append has a number, which the server keeps for this publisher: one whose answer did not come is sent again,
 * and appended once. Single events share entries; a batch is an entry of its own.
 */
export class EntryPublisher {
  readonly #config: EntryPublisherConfig;
  readonly #ports: EntryPublisherPorts;
  readonly #queue = new RingBuffer<Unit>();
  #pending = 0;
  #number = 0;
  #running = false;
  #scheduled = false;
  #closed = false;
  #timer: TimerHandle;
  #underWay: readonly Unit[] = [];
  #quiet: (() => void)[] = [];

  constructor(config: EntryPublisherConfig, ports: EntryPublisherPorts) {
    this.#config = config;
    this.#ports = ports;
  }

  /** Events that are not settled. */
  get pending(): number {
    return this.#pending;
  }

  /** Takes events that travel together or not at all. @throws QueueFullError, ClosedError */
  add(events: readonly EventEnvelope[]): Promise<Published> {
    if (this.#closed) throw new ClosedError('the transport is closed; nothing was published');
    const { maxPending, timeoutMs } = this.#config;
    if (this.#pending + events.length > maxPending) {
      throw new QueueFullError(
        `${this.#pending} events wait for the server, and maxPending is ${maxPending}: publish again later under ` +
          'the same id, await publishes, or raise maxPending',
      );
    }
    this.#pending += events.length;
    const deadline = this.#ports.clock.monotonic() + timeoutMs;
    const outcome = new Promise<Published>((resolve, reject) => {
      this.#queue.pushBack({ events, deadline, resolve, reject });
    });
    this.#watch();
    // Not at once: the events of one turn travel together.
    if (!this.#scheduled && !this.#running) {
      this.#scheduled = true;
      this.#ports.clock.defer(this.pump);
    }
    return outcome;
  }

  /** Sends what may be sent. */
  readonly pump = (): void => {
    this.#scheduled = false;
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  };

  /** Resolves when nothing is under way. */
  whenQuiet(): Promise<void> {
    if (this.#pending === 0) return Promise.resolve();
    return new Promise((resolve) => this.#quiet.push(resolve));
  }

  /** Fails all that has not been sent. */
  fail(error: Error): void {
    for (let unit = this.#queue.popFront(); unit !== undefined; unit = this.#queue.popFront())
      this.#refuse(unit, error);
  }

  /** Fails what is under way, and takes nothing more. */
  close(): void {
    this.#closed = true;
    this.#ports.clock.clearTimeout(this.#timer);
    this.fail(new ClosedError('the transport was closed before it was sent'));
    const error = new ClosedError(
      'the transport was closed before the server had answered; the outcome is unknown',
    );
    for (const unit of this.#underWay) this.#refuse(unit, error);
    this.#underWay = [];
  }

  async #run(): Promise<void> {
    while (this.#queue.size > 0 && this.#ports.ready() && !this.#closed) {
      const { entries, units } = this.#encode(this.#take());
      this.#underWay = units;
      try {
        if (units.length > 0) await this.#append(entries, units[0]?.deadline ?? 0);
        const published = this.#ports.published();
        for (const unit of this.#underWay) this.#settled(unit).resolve(published);
      } catch (error) {
        const fault = error instanceof Error ? error : new TransportError(describeError(error));
        for (const unit of this.#underWay) this.#refuse(unit, fault);
      }
      this.#underWay = [];
    }
    this.#running = false;
  }

  #take(): Unit[] {
    const units: Unit[] = [];
    let events = 0;
    for (let unit = this.#queue.peekFront(); unit !== undefined; unit = this.#queue.peekFront()) {
      events += unit.events.length;
      if (units.length > 0 && events > appendEvents) break;
      units.push(unit);
      this.#queue.popFront();
    }
    return units;
  }

  /** Entries for as many units as can be encoded; the others have failed. */
  #encode(units: readonly Unit[]): { entries: EntryFields[]; units: Unit[] } {
    const entries: EntryFields[] = [];
    const encoded: Unit[] = [];
    const flush = (group: readonly Unit[]): void => {
      if (group.length === 0) return;
      try {
        entries.push(this.#ports.format.encode(group.flatMap(({ events }) => events)));
        encoded.push(...group);
      } catch (error) {
        const [only] = group;
        // One of them cannot be written, or all are too large together: each alone, then.
        if (group.length > 1) for (const unit of group) flush([unit]);
        else if (only !== undefined) this.#refuse(only, error as Error);
      }
    };
    let group: Unit[] = [];
    for (const unit of units) {
      const single = unit.events.length === 1;
      if (!single || group.length >= this.#config.maxBatchEvents) {
        flush(group);
        group = [];
      }
      if (single) group.push(unit);
      else flush([unit]);
    }
    flush(group);
    return { entries, units: encoded };
  }

  async #append(entries: readonly EntryFields[], deadline: number): Promise<void> {
    const { link, keys, member } = this.#ports;
    this.#number += 1;
    const values: (string | Buffer)[] = [
      String(this.#number),
      String(Math.max(rememberMs, this.#config.timeoutMs * 2)),
      String(this.#config.maxEntries),
    ];
    for (const { type, count, events } of entries) values.push(type, count, bytesOf(events));
    let why = 'no connection';
    for (let attempt = 0; ; attempt += 1) {
      const redis = await link.connected().catch((error: unknown) => {
        why = describeError(error);
        return undefined;
      });
      if (this.#closed) return;
      try {
        if (redis !== undefined) {
          await redis.eval(appendScript, 2, keys.events, keys.publisher(member()), ...values);
          return;
        }
      } catch (error) {
        if (judgeFailure(error) === 'refused')
          throw asTransportError(`${link.where} refused the events`, error);
        why = describeFailure(error);
      }
      await this.#pause(attempt, deadline, why);
    }
  }

  async #pause(attempt: number, deadline: number, why: string): Promise<void> {
    const { clock, random } = this.#ports;
    const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(attempt, 8)) * (0.5 + random() / 2);
    if (clock.monotonic() + delayMs >= deadline) {
      throw new TransportError(
        `whether the event is stored is unknown: ${why}. Publish it again under the same id`,
      );
    }
    await new Promise<void>((resolve) => clock.setTimeout(resolve, delayMs));
  }

  #settled(unit: Unit): Unit {
    this.#pending -= unit.events.length;
    if (this.#pending > 0) return unit;
    this.#ports.onQuiet();
    for (const resolve of this.#quiet) resolve();
    this.#quiet = [];
    return unit;
  }

  #refuse(unit: Unit, error: Error): void {
    this.#settled(unit).reject(error);
  }

  /** One timer, for the oldest that is not sent: deadlines come in the order of the calls. */
  #watch(): void {
    const oldest = this.#queue.peekFront();
    if (this.#timer !== undefined || oldest === undefined || this.#closed) return;
    const { clock } = this.#ports;
    this.#timer = clock.setTimeout(this.#expire, Math.max(1, oldest.deadline - clock.monotonic()), true);
  }

  readonly #expire = (): void => {
    this.#timer = undefined;
    const now = this.#ports.clock.monotonic();
    for (
      let unit = this.#queue.peekFront();
      unit !== undefined && unit.deadline <= now;
      unit = this.#queue.peekFront()
    ) {
      this.#queue.popFront();
      const text = `not sent within ${this.#config.timeoutMs} ms: ${this.#ports.link.where} was away, or slower than the publishers`;
      this.#refuse(unit, new TransportError(`${text}; publish it again later`));
    }
    this.#watch();
  };
}

/** The same bytes, as the client takes them. */
function bytesOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
