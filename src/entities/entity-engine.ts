import type { EntityDefinition } from '../../actors/define-entity.ts';
import type { EntitySignal } from '../../actors/entity-logic.ts';
import type { Clock } from '../../streams/event/clock.ts';
import type { EntityCommits } from './entity-commits.ts';
import type { EntityFailures } from './entity-failures.ts';
import type { EntityRoom, Found } from './entity-room.ts';
import type { EntitySink, EntitySource } from './entity-source.ts';
import type { EntityTimers } from './entity-timers.ts';
import type { EntityTrial } from './entity-trial.ts';
import type { EntityWork } from './entity-work.ts';
import { keyOfInput } from './key-of-input.ts';
import { signalInput, timerInput, type EntityInput, type LiveEntity } from './live-entity.ts';

/** Inputs that wait in memory at most. */
const queueLimit = 4_096;
/** Inputs handled between two turns of the event loop, each a few microseconds. */
const perTurn = 1_024;
/** Inputs handled while a commit is under way, before the next one is waited for. */
const mostAhead = 8_192;

export interface EntityEngineParts {
  readonly clock: Clock;
  readonly definition: EntityDefinition;
  readonly source: EntitySource;
  readonly room: EntityRoom;
  readonly work: EntityWork;
  readonly timers: EntityTimers;
  readonly commits: EntityCommits;
  readonly failures: EntityFailures;
  /** There is nothing to do but to wait for time to pass. */
  readonly onQuiet: () => void;
  readonly onFault: (message: string) => void;
  /** The store cannot be read. */
  readonly onUnreadable: (error: unknown) => void;
}

/**
 * Handles the inputs of a kind, in their order.
 *
 *     source ─► queue ─► entity in memory ─► step ─► commits ─► store
 *                 ▲          ▲ read if it is not
 *     timers ─────┘
 *
 * Steps are synchronous; what takes time stands around them. An entity that has to be read holds up the others, so
 * all that are wanted soon are read at once.
 */
export class EntityEngine implements EntitySink {
  readonly #parts: EntityEngineParts;
  #running = false;
  #queue: EntityInput[] = [];
  #head = 0;
  #pumping = false;
  #scheduled = false;
  #reading = false;
  #now = 0;
  /** Entities whose retry came while nothing ran. */
  #late: LiveEntity[] = [];
  /** Set while inputs are tried few by few. */
  #trial: EntityTrial | undefined;

  constructor(parts: EntityEngineParts) {
    this.#parts = parts;
  }

  get queued(): number {
    return this.#queue.length - this.#head;
  }

  /** All inputs up to here are handled, parked, or wait for a retry. */
  get seen(): number {
    for (let at = this.#head; at < this.#queue.length; at += 1) {
      const position = this.#queue[at]?.position ?? 0;
      if (position > 0) return position - 1;
    }
    return this.#parts.source.given;
  }

  get quiet(): boolean {
    const { source, commits, failures } = this.#parts;
    if (!this.#running) return true;
    if (this.queued > 0 || this.#reading || !source.caughtUp || this.#trial !== undefined) return false;
    return !commits.pending && failures.waiting === 0;
  }

  /** Goes on, or stands still: what is under way is committed. */
  run(running: boolean): void {
    this.#running = running;
    if (!running) return;
    const late = this.#late;
    this.#late = [];
    for (const entity of late) this.resume(entity);
    this.wake();
  }

  /** Handles inputs few by few until the trial ends. */
  tryEach(trial: EntityTrial | undefined): void {
    this.#trial?.leave();
    this.#trial = trial;
  }

  take(input: EntityInput): void {
    this.#queue.push(input);
  }

  room(): number {
    return queueLimit - this.queued;
  }

  fault(message: string): void {
    this.#parts.onFault(message);
  }

  failed(error: unknown): void {
    this.#parts.onUnreadable(error);
  }

  readonly wake = (): void => {
    if (this.#scheduled || this.#pumping || !this.#running) return;
    this.#scheduled = true;
    // Not at once: who publishes comes first, and the events of one turn go into one commit.
    this.#parts.clock.defer(this.#pump);
  };

  /** Something was sent by a child. */
  signal(key: string, signal: EntitySignal): void {
    this.take(signalInput(key, signal, this.#parts.clock.now()));
    this.wake();
  }

  /** Forgets all that waits. */
  reset(): void {
    this.#reading = false;
    this.#queue = [];
    this.#head = 0;
    this.#late = [];
    this.tryEach(undefined);
  }

  /** Handles what an entity waits for. */
  resume(entity: LiveEntity): void {
    if (!this.#running) {
      this.#late.push(entity);
      return;
    }
    const { failures, timers } = this.#parts;
    const inputs = failures.resumed(entity);
    for (const [at, input] of inputs.entries()) {
      const result = this.#settle(entity, input);
      if (result === 'done') continue;
      const rest = inputs.slice(at + 1);
      if (result === 'waiting') failures.wait(entity, rest);
      else failures.parkAll(entity.key, rest);
      break;
    }
    // Its timers were left alone while it waited.
    if (entity.waiting === undefined && entity.indexedDue < Infinity)
      timers.set(entity.key, entity.indexedDue);
    this.flush();
    this.wake();
  }

  /** Begins a commit of what was done. */
  flush(): void {
    const { commits, failures } = this.#parts;
    const { seen } = this;
    commits.flush(Math.min(seen, failures.lowest - 1), seen);
  }

  readonly #pump = (): void => {
    this.#scheduled = false;
    if (!this.#running || this.#reading) return;
    const { clock, source, commits, failures } = this.#parts;
    this.#pumping = true;
    this.#now = clock.monotonic();
    let left = perTurn;
    try {
      while (left > 0 && commits.ahead < mostAhead && failures.hasRoom) {
        if (this.queued === 0 && !source.caughtUp) source.pull();
        const input = this.#queue[this.#head] ?? this.#nextTimer();
        if (input === undefined && source.caughtUp) this.#trial?.nothingLeft();
        if (input === undefined || !this.#handle(input)) break;
        this.#shift();
        commits.ahead += 1;
        left -= 1;
      }
    } finally {
      this.#pumping = false;
    }
    if (left === 0) {
      this.#scheduled = true;
      clock.yieldTurn(this.#pump);
    }
    this.flush();
    if (this.quiet) this.#parts.onQuiet();
  };

  #shift(): void {
    this.#head += 1;
    if (this.#head < this.#queue.length) return;
    this.#queue = [];
    this.#head = 0;
  }

  /** A timer that is due, once all events that came before it have been handled. */
  #nextTimer(): EntityInput | undefined {
    const { source, timers, clock } = this.#parts;
    if (!source.caughtUp) return undefined;
    const now = clock.now();
    const key = timers.take(now);
    if (key === undefined) return undefined;
    this.take(timerInput(key, now));
    return this.#queue[this.#head];
  }

  /** False when its entity has to be read first. */
  #handle(input: EntityInput): boolean {
    const { failures, work } = this.#parts;
    const key = keyOfInput(this.#parts.definition, input);
    if (input.fault !== undefined) {
      failures.refuse(input);
      return true;
    }
    if (key === undefined) return true;
    const verdict = this.#trial?.judge(key, input) ?? 'go';
    if (verdict === 'wait') return false;
    if (verdict === 'deadly') {
      failures.condemn(key, input, this.#trial?.deaths ?? 0);
      return true;
    }
    const entity = this.#find(key);
    if (entity === 'reading') return false;
    if ('broken' in entity) {
      if (!this.#parks(key, input)) failures.unopenable(key, input, entity.broken);
      return true;
    }
    if (input.position > 0 && input.position <= entity.position) {
      work.counters.duplicates += 1;
    } else if (entity.waiting === undefined) {
      if (!this.#parks(key, input)) this.#settle(entity, input);
    } else if (input.kind !== 'timer') failures.wait(entity, [input]);
    return true;
  }

  /** What is no event is let go where its key stands still: a timer stays with its entity. */
  #parks(key: string, input: EntityInput): boolean {
    return this.#parts.failures.parks(key, input);
  }

  #settle(entity: LiveEntity, input: EntityInput): 'done' | 'waiting' | 'parked' {
    const { work, failures } = this.#parts;
    const result = work.run(entity, input);
    if (result === 'done') {
      entity.attempts = 0;
      return 'done';
    }
    work.counters.failedAttempts += 1;
    const { failed, error } = result;
    const verdict = failures.failed(entity, failed, error);
    if (failed === input) return verdict;
    // A timer that came before it has failed: it waits, or is parked, behind that.
    if (verdict === 'waiting') failures.wait(entity, [input]);
    else failures.parkAll(entity.key, [input]);
    return verdict;
  }

  #find(key: string): Found {
    try {
      const found = this.#parts.room.find(key, this.#now, this.#wanted, this.#read);
      this.#reading ||= found === 'reading';
      return found;
    } catch (error) {
      this.#parts.onUnreadable(error);
      return 'reading';
    }
  }

  /** The keys of all inputs that wait, or of those that are tried together. */
  readonly #wanted = (): string[] => {
    const keys = new Set<string>();
    const end = Math.min(this.#queue.length, this.#head + 1 + (this.#trial?.ahead ?? Infinity));
    for (let at = this.#head; at < end; at += 1) {
      const key = keyOfInput(this.#parts.definition, this.#queue[at] as EntityInput);
      if (key !== undefined) keys.add(key);
    }
    return [...keys];
  };

  readonly #read = (error?: unknown): void => {
    this.#reading = false;
    if (error === undefined) this.wake();
    else this.#parts.onUnreadable(error);
  };
}
