import { settle, type RetryPolicy } from '../../actors/settlement.ts';
import type { Clock, TimerHandle } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { EntityError } from '../../streams/event/errors.ts';
import type { Random } from '../../streams/event/random.ts';
import type { DeadLetterReason } from '../dead-letters/dead-letter.ts';
import type { NewDeadLetter } from '../dead-letters/dead-letter-store.ts';
import type { EntityAnswers } from './entity-answers.ts';
import type { EntityCommits } from './entity-commits.ts';
import type { EntityParking } from './entity-parking.ts';
import type { EntityInput, LiveEntity } from './live-entity.ts';
import type { Logger } from '../logger.ts';
import { timerLetter } from './timer-letter.ts';

/** Inputs that may wait for a retry in memory, all keys together, before the kind waits too. */
const mostWaiting = 8_192;

export interface EntityFailuresPorts {
  readonly kind: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly policy: RetryPolicy;
  readonly maxParked: number;
  readonly parking: EntityParking;
  readonly commits: EntityCommits;
  readonly answers: EntityAnswers;
  readonly logger: Logger;
  readonly deadLetters: {
    add(letter: NewDeadLetter, kept?: () => void): boolean;
    whenRoom(callback: () => void): void;
  };
  /** Handles what an entity waits for, from the first. */
  readonly resume: (entity: LiveEntity) => void;
  /** There is room again, or the cursor may go on. */
  readonly onRoom: () => void;
  /** More keys would have to be parked than may be: this is no matter of single events. */
  readonly onOverflow: (error: unknown) => void;
}

/**
 * Decides what becomes of inputs that fail, and of those behind them.
 *
 *     fails ─► waits for its retry ─► fails again … ─► given up: dead letter, its key is parked
 *              later inputs of the key wait behind it           later events of the key are kept behind it
 */
export class EntityFailures {
  readonly #ports: EntityFailuresPorts;
  readonly #waiting = new Set<LiveEntity>();
  readonly #retries = new Map<LiveEntity, TimerHandle>();
  /** Letters on their way to the dead letters: 0 for those that are kept elsewhere, too. */
  readonly #leaving = new Set<{ readonly position: number }>();
  /** Inputs that wait, of all entities. */
  #inputs = 0;

  constructor(ports: EntityFailuresPorts) {
    this.#ports = ports;
  }

  /** How many entities wait for a retry. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** How many letters are on their way to the dead letters. */
  get leaving(): number {
    return this.#leaving.size;
  }

  get hasRoom(): boolean {
    return this.#inputs + this.#leaving.size < mostWaiting;
  }

  /** The lowest position that waits: the cursor must not pass it. */
  get lowest(): number {
    let lowest = Infinity;
    for (const { position } of this.#leaving) if (position > 0 && position < lowest) lowest = position;
    for (const { waiting = [] } of this.#waiting) {
      for (const { position, entry } of waiting) {
        if (position === 0 || entry !== undefined) continue;
        lowest = Math.min(lowest, position);
        break;
      }
    }
    return lowest;
  }

  /** Forgets what waits: it comes again. */
  reset(): void {
    for (const timer of this.#retries.values()) this.#ports.clock.clearTimeout(timer);
    this.#retries.clear();
    this.#waiting.clear();
    this.#leaving.clear();
    this.#inputs = 0;
  }

  /** Inputs wait behind the one that failed. */
  wait(entity: LiveEntity, inputs: readonly EntityInput[]): void {
    entity.waiting ??= [];
    entity.waiting.push(...inputs);
    this.#inputs += inputs.length;
    this.#waiting.add(entity);
  }

  /** What an entity waited for is about to be handled. */
  resumed(entity: LiveEntity): EntityInput[] {
    const inputs = entity.waiting ?? [];
    entity.waiting = undefined;
    this.#inputs -= inputs.length;
    this.#waiting.delete(entity);
    // Whoever resumes it before its time, the retry is made: a later failure sets its own.
    this.#ports.clock.clearTimeout(this.#retries.get(entity));
    this.#retries.delete(entity);
    return inputs;
  }

  /** An input failed; tells whether it waits for a retry or its key was parked. */
  failed(entity: LiveEntity, input: EntityInput, error: unknown): 'waiting' | 'parked' {
    const { kind, clock, random, policy, logger, resume } = this.#ports;
    entity.attempts += 1;
    const { attempts } = entity;
    const decision = settle({ error, attempt: attempts, policy, random });
    const what =
      input.event === undefined ? input.kind : `event ${input.event.id} of type ${input.event.type}`;
    const context = { entity: kind, key: entity.key, attempt: attempts, error };
    // With too many keys parked it is not the events that are wrong: this one stays and is tried on.
    const stays = decision.kind === 'dead-letter' && this.#isFull(entity.key);
    if (decision.kind === 'retry' || stays) {
      const delayMs = decision.kind === 'retry' ? decision.delayMs : policy.delayMs(attempts, random);
      const fate = stays ? 'stays, for no more keys can be parked' : 'is tried again';
      logger.warn(context, `${kind} ${entity.key} failed at ${what}, and ${fate}: ${describeError(error)}`);
      this.wait(entity, [input]);
      this.#retries.set(
        entity,
        clock.setTimeout(() => resume(entity), delayMs),
      );
      return 'waiting';
    }
    logger.error(
      context,
      `${kind} ${entity.key} gave up ${what}; its key is parked: ${describeError(error)}`,
    );
    entity.attempts = 0;
    this.#giveUp(entity.key, input, error, decision.reason, attempts);
    return 'parked';
  }

  /** Whether the input's key stands still: then it is kept behind the others. */
  parks(key: string, input: EntityInput): boolean {
    if (input.entry !== undefined || !this.#ports.parking.has(key)) return false;
    this.parkAll(key, [input]);
    return true;
  }

  /** Keeps inputs behind one that was given up. Timers stay with their entity. */
  parkAll(key: string, inputs: readonly EntityInput[]): void {
    const { kind, answers, commits } = this.#ports;
    for (const input of inputs) {
      const { event } = input;
      if (event === undefined || input.kind !== 'event') continue;
      const error = new EntityError(
        `${kind} ${key} is parked behind an event that was given up; event ${event.id} is kept and waits`,
        { kind, key, reason: 'parked' },
      );
      this.#park(key, event, input, error);
      if (answers.expecting) commits.afterwards(() => answers.failed(event.id, error));
    }
  }

  /** An event whose entity cannot be opened. */
  unopenable(key: string, input: EntityInput, error: unknown): void {
    const { kind, logger } = this.#ports;
    logger.error(
      { entity: kind, key, error },
      `${kind} ${key} cannot be opened; its key is parked: ${describeError(error)}`,
    );
    if (input.kind !== 'event' && input.entry === undefined) return;
    if (this.#isFull(key)) this.#ports.onOverflow(error);
    else this.#giveUp(key, input, error, 'fatal', 1);
  }

  /** An input of which one process after the other has died. */
  condemn(key: string, input: EntityInput, deaths: number): void {
    const { kind, logger } = this.#ports;
    const what = input.event === undefined ? input.kind : `event ${input.event.id}`;
    const error = new EntityError(
      `${deaths} processes died, one after the other, while they handled ${what}`,
      {
        kind,
        key,
        reason: 'failed',
      },
    );
    logger.error({ entity: kind, key, deaths }, `${kind} ${key} is parked: ${error.message}`);
    if (this.#isFull(key)) this.#ports.onOverflow(error);
    else this.#giveUp(key, input, error, 'too-many-deliveries', deaths);
  }

  /** An event that is for no entity, since its key or its payload cannot be told. */
  refuse({ event, position, fault }: EntityInput): void {
    const { kind, commits, answers } = this.#ports;
    if (event === undefined) return;
    const error = new EntityError(`${kind} cannot take event ${event.id}: ${describeError(fault)}`, {
      kind,
      reason: 'failed',
      cause: fault,
    });
    this.#leave(event, position, fault, 'fatal', 1);
    commits.afterwards(() => answers.failed(event.id, error));
  }

  #giveUp(key: string, input: EntityInput, error: unknown, reason: DeadLetterReason, attempts: number): void {
    const { kind, commits, answers } = this.#ports;
    const event = input.event ?? timerLetter(kind, key, input);
    this.#keep(key, event, input);
    const failure = new EntityError(
      `${kind} ${key} gave up event ${event.id} of type ${event.type} after ${attempts} attempts: ${describeError(error)}`,
      { kind, key, reason: 'failed', cause: error },
    );
    const kept = this.#leaves(0);
    commits.afterwards(() => {
      this.#bury(event, input.position, error, reason, attempts, kept);
      answers.failed(event.id, failure);
    });
  }

  #isFull(key: string): boolean {
    const { parking, maxParked } = this.#ports;
    return parking.events >= maxParked && !parking.has(key);
  }

  /** Keeps an event that was given up: the first of its key. */
  #keep(key: string, event: EventEnvelope, input: EntityInput): void {
    const write = this.#ports.parking.park(key, event, input);
    if (write !== undefined) this.#ports.commits.write(write);
  }

  /** Keeps an event behind one that was given up. */
  #park(key: string, event: EventEnvelope, input: EntityInput, error: unknown): void {
    const { parking, maxParked } = this.#ports;
    if (parking.events >= maxParked && input.entry === undefined) {
      // Beyond the limit the dead letters take them, still in order.
      this.#leave(event, input.position, error, 'parked', 0);
      return;
    }
    this.#keep(key, event, input);
  }

  /** An event that is kept nowhere else goes to the dead letters: until they have it the cursor stays before it. */
  #leave(
    event: EventEnvelope,
    position: number,
    error: unknown,
    reason: DeadLetterReason,
    attempts: number,
  ): void {
    const kept = this.#leaves(position);
    // Behind the one that was given up, which is told of once its key is parked.
    this.#ports.commits.afterwards(() => this.#bury(event, position, error, reason, attempts, kept));
  }

  /** A letter is on its way, and the cursor stays before that position; gives what ends it. */
  #leaves(position: number): () => void {
    const leaving = { position };
    this.#leaving.add(leaving);
    return () => {
      if (this.#leaving.delete(leaving)) this.#ports.onRoom();
    };
  }

  /** The dead letters may be full and hold on: then it comes when there is room. */
  #bury(
    event: EventEnvelope,
    position: number,
    error: unknown,
    reason: DeadLetterReason,
    attempts: number,
    kept: () => void,
  ): void {
    const { deadLetters, clock, kind } = this.#ports;
    const about = {
      reason,
      attempts,
      error,
      time: clock.now(),
      position: position > 0 ? position : undefined,
    };
    if (deadLetters.add({ event, subscriber: `entity:${kind}`, ...about }, kept)) return;
    deadLetters.whenRoom(() => this.#bury(event, position, error, reason, attempts, kept));
  }
}
