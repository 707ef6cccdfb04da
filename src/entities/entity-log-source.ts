import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import { PatternIndex } from '../../streams/event/pattern-index.ts';
import type { EntitySink, EntitySource } from './entity-source.ts';
import type { LogBounds, LogPage } from '../event-log.ts';
import type { Store } from '../store.ts';
import { eventInput } from './live-entity.ts';

/** Records in a page. */
const limit = 1_024;

/**
 * Reads the events of a kind from the log, in its order; at its end it takes them as they are appended, without
 * decoding them.
 */
export class EntityLogSource implements EntitySource {
  readonly #store: Pick<Store, 'log' | 'onHealth'>;
  readonly #patterns: readonly (string | GlobPattern)[];
  readonly #index = new PatternIndex<true>();
  readonly #lift: (event: EventEnvelope) => EventEnvelope;
  #sink: EntitySink | undefined;
  #unwatch: (() => void)[] = [];
  #next = 1;
  /** The highest position that is known to be there. */
  #end = 0;
  /** Whether the log may hold more than is known: at least one look. */
  #look = true;
  #reading = false;
  /** Tells a page of before a new start from one of after. */
  #epoch = 0;

  constructor(
    store: Pick<Store, 'log' | 'onHealth'>,
    patterns: readonly (string | GlobPattern)[],
    lift: (event: EventEnvelope) => EventEnvelope,
  ) {
    this.#store = store;
    this.#patterns = patterns;
    this.#lift = lift;
    for (const pattern of patterns) this.#index.add(pattern, true);
  }

  get given(): number {
    return this.#next - 1;
  }

  get caughtUp(): boolean {
    return !this.#reading && !this.#look && this.#next > this.#end;
  }

  get unread(): number {
    return Math.max(0, this.#end - this.given);
  }

  start(after: number, sink: EntitySink): void {
    this.#epoch += 1;
    this.#sink = sink;
    this.#next = after + 1;
    this.#reading = false;
    this.#look = true;
    if (this.#unwatch.length > 0) return;
    this.#unwatch = [this.#store.log.watch(this.#appended), this.#store.onHealth(this.#suspect)];
  }

  pull(): void {
    if (this.#reading || this.caughtUp) return;
    const epoch = this.#epoch;
    const known = this.#end;
    try {
      const page = this.#store.log.read({ from: this.#next, patterns: this.#patterns, limit });
      if (!(page instanceof Promise)) {
        this.#give(page, known);
        return;
      }
      this.#reading = true;
      page.then(
        (read) => this.#read(epoch, read, known),
        (error: unknown) => this.#failed(epoch, error),
      );
    } catch (error) {
      this.#sink?.failed(error);
    }
  }

  end(): number | Promise<number> {
    const bounds = this.#store.log.bounds();
    return bounds instanceof Promise ? bounds.then(this.#ends) : this.#ends(bounds);
  }

  stop(): void {
    this.#epoch += 1;
    for (const end of this.#unwatch) end();
    this.#unwatch = [];
    this.#sink = undefined;
  }

  #read(epoch: number, page: LogPage, known: number): void {
    if (epoch !== this.#epoch) return;
    this.#reading = false;
    this.#give(page, known);
    this.#sink?.wake();
  }

  #failed(epoch: number, error: unknown): void {
    if (epoch !== this.#epoch) return;
    this.#reading = false;
    this.#sink?.failed(error);
  }

  #give({ records, faults, next, atEnd }: LogPage, known: number): void {
    const sink = this.#sink;
    if (sink === undefined) return;
    for (const { position, reason } of faults)
      sink.fault(`position ${position} of the log cannot be read: ${reason}`);
    for (const { position, event, appendedAt } of records) this.#pass(sink, event, position, appendedAt);
    this.#next = next;
    this.#look = !atEnd;
    // What was known of the end when the read began is settled by it: the last records may have been removed.
    if (atEnd && this.#end === known) this.#end = next - 1;
  }

  #pass(sink: EntitySink, read: EventEnvelope, position: number, time: number): void {
    const input = eventInput(read, position, time);
    try {
      const event = this.#lift(read);
      sink.take(event === read ? input : eventInput(event, position, time));
    } catch (error) {
      input.fault = error;
      sink.take(input);
    }
  }

  /** Whoever waits for the end waits for what nobody was told of, too. */
  readonly #ends = ({ last }: LogBounds): number => {
    if (last > this.#end) this.#end = last;
    return last;
  };

  /** An append may have failed and be in the log all the same: nobody is told of that one. */
  readonly #suspect = (): void => {
    this.#look = true;
    this.#sink?.wake();
  };

  readonly #appended = (first: number, events: readonly EventEnvelope[], appendedAt: number): void => {
    const last = first + events.length - 1;
    const sink = this.#sink;
    if (sink === undefined) return;
    // What was appended without being told of, as nobody knew whether it was, lies between: it is read.
    const follows = this.caughtUp && this.#next === first;
    if (follows && sink.room() >= events.length) {
      for (const [at, event] of events.entries()) {
        if (this.#index.match(event.type).length > 0) sink.take(eventInput(event, first + at, appendedAt));
      }
      this.#next = last + 1;
    }
    if (last > this.#end) this.#end = last;
    sink.wake();
  };
}
