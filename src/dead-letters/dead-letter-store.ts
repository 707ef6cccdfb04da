import { Subject, type Observable } from 'rxjs';
import type { Clock } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { Settlement } from '../../streams/event/outcome.ts';
import { matches } from '../../streams/event/pattern.ts';
import { checkChoice } from '../../streams/event/check-options.ts';
import type { DeadLetter, DeadLetterFilter, DeadLetterOptions, DeadLetters, GivenUp } from './dead-letter.ts';
import type { DeadLetterRecords } from './dead-letter-records.ts';
import type { Logger } from '../logger.ts';
import { checkInteger, checkNumber } from '../options.ts';

/** Milliseconds until a write that failed is made again. */
const retryMs = 1_000;

/** What is known of a dead letter before it is stored. */
export type NewDeadLetter = Omit<DeadLetter, 'id' | 'requeued'>;

/** What dead letters need of their bus. */
export interface DeadLetterPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where they are kept, if they are. */
  readonly records: DeadLetterRecords | undefined;
  /** Gives an event of a run before the form that its definition has now. @throws ValidationError */
  readonly lift: (event: EventEnvelope) => EventEnvelope;
  /** Gives an event to one subscriber again, and says whether it was taken; hears what became of it. */
  readonly redeliver: (
    event: EventEnvelope,
    subscriber: string,
    onSettled: (settlement: Settlement, detail: unknown) => void,
  ) => Promise<boolean>;
}

/** Keeps dead letters, bounded: in memory, and in the store where there is one. */
export class DeadLetterStore implements DeadLetters {
  readonly added$: Observable<DeadLetter>;
  /** Resolves when those of runs before are here. */
  readonly ready: Promise<void>;
  readonly #added = new Subject<DeadLetter>();
  readonly #letters = new Map<number, DeadLetter>();
  readonly #options: Required<DeadLetterOptions>;
  readonly #ports: DeadLetterPorts;
  /** How often an event that is out again had been requeued; dropped when it is settled for good. */
  readonly #requeues = new Map<EventEnvelope, number>();
  /** Ids that a requeue is giving back now. Their places count as free: who holds one may be whom they go to. */
  readonly #leaving = new Set<number>();
  #waiting: (() => void)[] = [];
  #lastId = 0;
  #loaded = false;
  #discarded = 0;
  /** Letters whose write is under way, and who waits for that. */
  #writing = 0;
  #written: (() => void)[] = [];

  constructor(options: DeadLetterOptions, ports: DeadLetterPorts) {
    const { capacity = 10_000, overflow = 'hold', maxAgeMs = Infinity, maxRequeues = Infinity } = options;
    checkInteger('deadLetters.capacity', capacity, 1);
    checkChoice('deadLetters.overflow', overflow, ['hold', 'drop-oldest']);
    checkNumber('deadLetters.maxAgeMs', maxAgeMs, 1);
    checkInteger('deadLetters.maxRequeues', maxRequeues, 0);
    this.#options = { capacity, overflow, maxAgeMs, maxRequeues };
    this.#ports = ports;
    this.added$ = this.#added.asObservable();
    const { records } = ports;
    this.#loaded = records === undefined;
    this.ready = records === undefined ? Promise.resolve() : this.#load(records);
    // Whoever waits for it hears of a failure.
    this.ready.catch(() => {});
  }

  get size(): number {
    this.#expire();
    return this.#letters.size;
  }

  get discarded(): number {
    return this.#discarded;
  }

  /**
   * Takes a dead letter; false, and nothing done, when there is no room and the policy is to hold, or those of runs
   * before are not here yet. Calls `kept` when the event may be let go of: at once, or when it is in the store.
   */
  add(letter: NewDeadLetter, kept: () => void = nothing): boolean {
    if (!this.#loaded) return false;
    this.#expire();
    if (this.#letters.size - this.#leaving.size >= this.#options.capacity) {
      if (this.#options.overflow === 'hold') return false;
      this.#discardOldest();
    }
    this.#lastId += 1;
    const requeued = this.#requeues.get(letter.event) ?? 0;
    this.#requeues.delete(letter.event);
    const stored: DeadLetter = { id: this.#lastId, ...letter, requeued };
    this.#letters.set(stored.id, stored);
    this.#added.next(stored);
    if (this.#ports.records === undefined) kept();
    else this.#write(stored, kept);
    return true;
  }

  keep({ position, ...givenUp }: GivenUp): Promise<void> {
    const time = this.#ports.clock.now();
    const letter = { ...givenUp, position, reason: 'fatal', attempts: 1, time } as const;
    return new Promise((kept) => {
      const take = (): void => {
        if (!this.add(letter, kept)) this.whenRoom(take);
      };
      take();
    });
  }

  /** Resolves when no write is under way: each has been made, or has failed and is made again later. */
  written(): Promise<void> {
    if (this.#writing === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#written.push(resolve);
    });
  }

  /** Calls `callback` when there may be room again. */
  whenRoom(callback: () => void): void {
    this.#waiting.push(callback);
  }

  /** An event will not come back: what is known of its requeues is dropped. O(1); free while none is out. */
  settled(event: EventEnvelope): void {
    if (this.#requeues.size > 0) this.#requeues.delete(event);
  }

  list(filter: DeadLetterFilter = {}): DeadLetter[] {
    this.#expire();
    const { id, subscriber, pattern, reason, since = -Infinity, until = Infinity, limit = Infinity } = filter;
    const found: DeadLetter[] = [];
    for (const letter of this.#letters.values()) {
      if (found.length >= limit) break;
      if (id !== undefined && letter.id !== id) continue;
      if (subscriber !== undefined && letter.subscriber !== subscriber) continue;
      if (reason !== undefined && letter.reason !== reason) continue;
      if (letter.time < since || letter.time >= until) continue;
      if (pattern !== undefined && !matches(pattern, letter.event.type)) continue;
      found.push(letter);
    }
    return found;
  }

  get(id: number): DeadLetter | undefined {
    this.#expire();
    return this.#letters.get(id);
  }

  async requeue(filter: DeadLetterFilter = {}): Promise<number> {
    let requeued = 0;
    for (const letter of this.list(filter)) {
      // Two requeues at a time must not give one event twice.
      if (!this.#letters.has(letter.id) || this.#leaving.has(letter.id)) continue;
      if (letter.requeued >= this.#options.maxRequeues || letter.incomplete !== undefined) continue;
      this.#leaving.add(letter.id);
      const taken = this.#taken(letter);
      this.#wake();
      if (await taken) {
        this.#letters.delete(letter.id);
        requeued += 1;
      }
      this.#leaving.delete(letter.id);
    }
    return requeued;
  }

  discard(filter: DeadLetterFilter = {}): number {
    const letters = this.list(filter);
    for (const { id } of letters) this.#discard(id);
    this.#wake();
    return letters.length;
  }

  async #taken(letter: DeadLetter): Promise<boolean> {
    const { lift, redeliver } = this.#ports;
    let { event } = letter;
    try {
      event = lift(event);
      this.#requeues.set(event, letter.requeued + 1);
      const taken = await redeliver(event, letter.subscriber, (settlement, detail) => {
        // What waited when its subscriber ended comes back in the next run.
        if (settlement !== 'dropped' || detail !== 'unsubscribed') this.#erase(letter.id);
      });
      if (!taken) this.#requeues.delete(event);
      return taken;
    } catch {
      this.#requeues.delete(event);
      return false;
    }
  }

  #discardOldest(): void {
    for (const id of this.#letters.keys()) {
      if (this.#leaving.has(id)) continue;
      this.#discard(id);
      return;
    }
  }

  /** They came in the order of their times: it is done at the first that is young enough. */
  #expire(): void {
    const { maxAgeMs } = this.#options;
    if (maxAgeMs === Infinity) return;
    const oldest = this.#ports.clock.now() - maxAgeMs;
    let expired = false;
    for (const { id, time } of this.#letters.values()) {
      if (time >= oldest) break;
      if (this.#leaving.has(id)) continue;
      this.#discard(id);
      expired = true;
    }
    if (expired) this.#wake();
  }

  #discard(id: number): void {
    this.#letters.delete(id);
    this.#discarded += 1;
    this.#erase(id);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) callback();
  }

  #load(records: DeadLetterRecords): Promise<void> {
    const { logger } = this.#ports;
    return new Promise((resolve, reject) => {
      records.load({
        found: (letter) => {
          this.#letters.set(letter.id, letter);
          this.#lastId = Math.max(this.#lastId, letter.id);
        },
        unreadable: (id, error) => {
          this.#lastId = Math.max(this.#lastId, Number(id) || 0);
          logger.error({ id, error }, `dead letter ${id} cannot be read: ${describeError(error)}`);
        },
        end: () => {
          this.#loaded = true;
          resolve();
          this.#wake();
        },
        failed: (error) => {
          logger.error({ error }, `the dead letters cannot be read: ${describeError(error)}`);
          reject(error);
        },
      });
    });
  }

  /** Writes a letter, again and again if need be: its event is not let go of before. */
  #write(letter: DeadLetter, kept: () => void): void {
    this.#writing += 1;
    const { id } = letter;
    this.#ports.records?.write(letter, {
      written: () => {
        kept();
        this.#wrote();
      },
      failed: (error) => {
        this.#wrote();
        if (this.#failed(id, error)) this.#again(() => this.#write(letter, kept));
      },
      reduced: (error) => {
        const what = `dead letter ${id} is kept without its payload, which cannot be written`;
        this.#ports.logger.error({ id, error }, `${what}: ${describeError(error)}`);
      },
    });
  }

  #wrote(): void {
    this.#writing -= 1;
    if (this.#writing === 0) for (const resolve of this.#written.splice(0)) resolve();
  }

  #erase(id: number): void {
    this.#ports.records?.remove(id, (error) => {
      if (this.#failed(id, error)) this.#again(() => this.#erase(id));
    });
  }

  /** Whether it is worth another try: a store that was closed takes nothing any more. */
  #failed(id: number, error: unknown): boolean {
    const { code } = error as { readonly code?: unknown };
    if (code === 'ERR_CLOSED') return false;
    this.#ports.logger.warn({ id, error }, `dead letter ${id} could not be written: ${describeError(error)}`);
    return true;
  }

  #again(write: () => void): void {
    this.#ports.clock.setTimeout(write, retryMs, true);
  }
}

function nothing(): void {}
