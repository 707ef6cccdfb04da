import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { StorageError } from '../../streams/event/errors.ts';
import type { EventLog } from '../event-log.ts';

/** Events that go to the log in one append, unless a single batch has more. */
const appendSize = 1_024;

export interface HeldEventsOptions {
  readonly maxEvents: number;
  readonly retryMs: number;
}

export interface HeldEventsPorts {
  readonly log: EventLog;
  readonly clock: Clock;
  /** The highest position that is known of. */
  readonly last: () => number;
  /** Events that an append seemed to have failed for are in the log all the same. */
  readonly found: (first: number, events: readonly EventEnvelope[]) => void;
  /** All that was held is in the log. */
  readonly recovered: (written: number) => void;
}

/**
 * Holds events in memory while a log cannot take them, and appends them, in order and batch by batch, when it can.
 *
 * While it is active every publish goes through it: none may overtake those that wait.
 */
export class HeldEvents {
  readonly #options: HeldEventsOptions;
  readonly #ports: HeldEventsPorts;
  #batches: (readonly EventEnvelope[])[] = [];
  #count = 0;
  #written = 0;
  #active = false;
  #reason = '';
  /** Above this position the first that are held may stand in the log already; undefined when they do not. */
  #doubtAbove: number | undefined;
  #timer: TimerHandle;
  #flushing: Promise<void> | undefined;

  constructor(options: HeldEventsOptions, ports: HeldEventsPorts) {
    this.#options = options;
    this.#ports = ports;
  }

  get active(): boolean {
    return this.#active;
  }

  /** How many events it holds. */
  get size(): number {
    return this.#count;
  }

  /** Why the log takes no events. */
  get reason(): string {
    return this.#reason;
  }

  /** The log has failed: what is published now is held, beginning with what it failed for. */
  begin(error: unknown): void {
    this.#failed(error);
    if (this.#active) return;
    this.#active = true;
    this.#arm();
  }

  /** Holds a batch. @throws StorageError when there is no room for all of it */
  add(events: readonly EventEnvelope[]): void {
    const { maxEvents } = this.#options;
    if (this.#count + events.length > maxEvents) {
      throw new StorageError(
        `the log has failed (${this.#reason}), and maxHeldEvents, ${maxEvents}, wait in memory to be written; ` +
          'publish again when it has recovered',
      );
    }
    this.#batches.push(events);
    this.#count += events.length;
  }

  /** Tries once more. @throws StorageError that says how many events are lost */
  async close(): Promise<void> {
    this.#ports.clock.clearTimeout(this.#timer);
    if (!this.#active) return;
    await this.flush();
    this.#ports.clock.clearTimeout(this.#timer);
    if (this.#count === 0) return;
    throw new StorageError(
      `${this.#count} events that were held in memory could not be written before the end: ${this.#reason}`,
    );
  }

  /** Writes what it holds, as far as the log takes it. */
  flush(): Promise<void> {
    this.#flushing ??= this.#writeAll().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  async #writeAll(): Promise<void> {
    while (this.#batches.length > 0) {
      try {
        if (this.#doubtAbove === undefined) await this.#append();
        else await this.#resolveDoubt(this.#doubtAbove);
      } catch (error) {
        this.#failed(error);
        this.#arm();
        return;
      }
    }
    const written = this.#written;
    this.#written = 0;
    this.#active = false;
    this.#ports.recovered(written);
  }

  async #append(): Promise<void> {
    let taken = 0;
    const events: EventEnvelope[] = [];
    for (const batch of this.#batches) {
      if (taken > 0 && events.length + batch.length > appendSize) break;
      for (const event of batch) events.push(event);
      taken += 1;
    }
    await this.#ports.log.append(events);
    this.#wrote(taken, events.length);
  }

  /** Looks for the first batches where a write that may have taken place would have put them. */
  async #resolveDoubt(above: number): Promise<void> {
    const { log, found } = this.#ports;
    const page = await log.read({ from: above + 1 });
    for (const { position, event } of page.records) {
      const [batch] = this.#batches;
      if (batch?.[0]?.id !== event.id) continue;
      found(position, batch);
      this.#wrote(1, batch.length);
    }
    this.#doubtAbove = page.atEnd || this.#batches.length === 0 ? undefined : page.next - 1;
  }

  #wrote(batches: number, events: number): void {
    this.#batches = this.#batches.slice(batches);
    this.#count -= events;
    this.#written += events;
  }

  #failed(error: unknown): void {
    this.#reason = describeError(error);
    if (error instanceof StorageError && error.unknown) this.#doubtAbove ??= this.#ports.last();
  }

  #arm(): void {
    this.#timer = this.#ports.clock.setTimeout(() => void this.flush(), this.#options.retryMs, true);
  }
}
