import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { EventRegistry } from '../../streams/event/event-registry.ts';
import type { Subscribable } from '../subscriptions/subscribable.ts';
import type { LogBounds, LogFault, LogPage, LogRange, LogRecord, ReadableLog } from '../event-log.ts';
import { neededLog } from '../needed-store.ts';
import { checkInteger } from '../options.ts';
import { subscribedPatterns } from '../subscriptions/subscribed-patterns.ts';
import type { Transport } from '../transport/transport.ts';

/** Which records are wanted, as `LogRange`, with definitions among the patterns. */
export interface QueryRange extends Omit<LogRange, 'patterns'> {
  readonly patterns?: readonly Subscribable[];
}

export interface QueryCacheOptions {
  /** Events that pages of results are kept of, at most; 0 for none. Default `10_000`. */
  readonly maxEvents?: number;
}

export interface QueriesPorts {
  readonly transport: Transport;
  readonly registry: EventRegistry;
  readonly lift: (event: EventEnvelope) => EventEnvelope;
}

/** A page, with the end of the log when it was read. */
interface CachedPage {
  readonly page: LogPage;
  readonly last: number;
}

/**
 * Answers queries over the log, and keeps the newest answers.
 *
 * A page that ends before the log does is the same for ever, but for what is removed; one that reached its end is
 * right until the next append. The least recently used goes first.
 */
export class Queries {
  readonly #ports: QueriesPorts;
  readonly #maxEvents: number;
  readonly #pages = new Map<string, CachedPage>();
  #events = 0;
  /** First position kept, and how many are gone: changes when, and only when, records are removed. */
  #version = '';

  constructor({ maxEvents = 10_000 }: QueryCacheOptions, ports: QueriesPorts) {
    checkInteger('queryCache.maxEvents', maxEvents, 0);
    this.#maxEvents = maxEvents;
    this.#ports = ports;
  }

  /** Pages that are kept. */
  get cached(): number {
    return this.#pages.size;
  }

  /** @throws TypeError, RangeError for a range that makes no sense; StorageError */
  async query(range: QueryRange): Promise<LogPage> {
    const log = neededLog(this.#ports.transport, 'query');
    const { patterns, ...rest } = range;
    const wanted: LogRange =
      patterns === undefined
        ? rest
        : { ...rest, patterns: subscribedPatterns('query', patterns, this.#ports.registry) };
    if (this.#maxEvents === 0) return this.#read(log, wanted);
    const bounds = await log.bounds();
    this.#forgetRemoved(bounds);
    const key = keyOf(wanted);
    const known = this.#pages.get(key);
    if (known !== undefined) {
      this.#drop(key, known);
      if (!known.page.atEnd || known.last === bounds.last) {
        this.#keep(key, known);
        return known.page;
      }
    }
    const version = this.#version;
    const page = await this.#read(log, wanted);
    // Not what was read before a removal that another query has noticed meanwhile.
    if (version === this.#version) this.#keep(key, { page, last: bounds.last });
    return page;
  }

  async #read(log: ReadableLog, range: LogRange): Promise<LogPage> {
    const page = await log.read(range);
    const faults: LogFault[] = [...page.faults];
    const records = page.records.flatMap((record): LogRecord | [] => {
      try {
        const event = this.#ports.lift(record.event);
        return event === record.event ? record : { ...record, event };
      } catch (error) {
        faults.push({ position: record.position, reason: describeError(error) });
        return [];
      }
    });
    return { ...page, records, faults };
  }

  #forgetRemoved({ first, last, count }: LogBounds): void {
    const version = `${first} ${last - count}`;
    if (version === this.#version) return;
    this.#version = version;
    this.#pages.clear();
    this.#events = 0;
  }

  #keep(key: string, cached: CachedPage): void {
    const weight = weightOf(cached);
    if (weight > this.#maxEvents) return;
    // Two that asked at once have both read it.
    const before = this.#pages.get(key);
    if (before !== undefined) this.#drop(key, before);
    this.#pages.set(key, cached);
    this.#events += weight;
    for (const [oldest, page] of this.#pages) {
      if (this.#events <= this.#maxEvents) return;
      this.#drop(oldest, page);
    }
  }

  #drop(key: string, cached: CachedPage): void {
    this.#pages.delete(key);
    this.#events -= weightOf(cached);
  }
}

/** An empty page takes room, too. */
function weightOf({ page }: CachedPage): number {
  return Math.max(1, page.records.length);
}

function keyOf({ from, to, since, until, patterns, key, correlationId, limit, order }: LogRange): string {
  return JSON.stringify([from, to, since, until, patterns, key, correlationId, limit, order]);
}
