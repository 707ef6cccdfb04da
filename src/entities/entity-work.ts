import type { EntityAnswers } from './entity-answers.ts';
import type { EntityCommits } from './entity-commits.ts';
import type { EntityParking } from './entity-parking.ts';
import type { EntityStates } from './entity-states.ts';
import type { EntityStepResult, EntitySteps } from './entity-steps.ts';
import { timerInput, type EntityInput, type LiveEntity } from './live-entity.ts';

/** Timers that may follow each other at one moment: a machine whose delay is 0 could go round for ever. */
const mostAtOnce = 1_000;

/** What became of an input: `failed` holds the one that did, which may be a timer that came before it. */
export type WorkResult = 'done' | { readonly failed: EntityInput; readonly error: unknown };

/** What a kind has done since it was hosted. */
export interface EntityCounters {
  handled: number;
  /** Events that had been handled before. */
  duplicates: number;
  emitted: number;
  timersFired: number;
  failedAttempts: number;
}

export interface EntityWorkPorts {
  readonly steps: EntitySteps;
  readonly states: EntityStates;
  readonly commits: EntityCommits;
  readonly answers: EntityAnswers;
  readonly parking: EntityParking;
}

/** Makes an entity's steps and hands what comes of them to the next commit. */
export class EntityWork {
  readonly counters: EntityCounters = {
    handled: 0,
    duplicates: 0,
    emitted: 0,
    timersFired: 0,
    failedAttempts: 0,
  };
  /** Keys whose states could not be written: each step of theirs is tried. */
  readonly careful = new Set<string>();
  readonly #ports: EntityWorkPorts;

  constructor(ports: EntityWorkPorts) {
    this.#ports = ports;
  }

  /** Handles an input, and before it the timers that were due by then. Never throws. */
  run(entity: LiveEntity, input: EntityInput): WorkResult {
    const { time } = input;
    if (entity.state !== undefined && entity.state.timers.length > 0) {
      const fired = this.#fireDue(entity, time);
      if (fired !== 'done') return fired;
    }
    if (input.kind === 'timer') {
      this.#woken(entity, input);
      return 'done';
    }
    try {
      this.#handle(entity, input);
      return 'done';
    } catch (error) {
      return { failed: input, error };
    }
  }

  /** Leaves out an input that was given up: its event counts as handled, its timers as fired. */
  skip(entity: LiveEntity, { kind, position, time }: EntityInput): void {
    if (position > entity.position) entity.position = position;
    const { state } = entity;
    if (state === undefined) return;
    if (kind === 'timer') entity.state = { ...state, timers: state.timers.filter(({ at }) => at > time) };
    this.#ports.commits.mark(entity);
  }

  #handle(entity: LiveEntity, input: EntityInput): void {
    const { steps, commits, answers } = this.#ports;
    const { event, signal, time, position } = input;
    if (event !== undefined) {
      this.#apply(entity, steps.event(entity, event, time));
      if (position > entity.position) entity.position = position;
      this.#unpark(entity.key, input);
      this.counters.handled += 1;
      if (answers.expecting) commits.afterwards(() => answers.handled(event.id));
    } else if (signal !== undefined) this.#apply(entity, steps.signal(entity, signal, time));
  }

  #fireDue(entity: LiveEntity, time: number): WorkResult {
    const { steps, commits } = this.#ports;
    for (let fired = 0; fired < mostAtOnce; fired += 1) {
      const timer = steps.dueTimer(entity, time);
      if (timer === undefined) return 'done';
      try {
        this.#apply(entity, steps.timer(entity, timer, time));
        this.counters.timersFired += 1;
        commits.ahead += 1;
      } catch (error) {
        return { failed: timerInput(entity.key, time), error };
      }
    }
    return 'done';
  }

  /** The index said that something was due: it has to move on, even if nothing was. */
  #woken(entity: LiveEntity, input: EntityInput): void {
    this.#unpark(entity.key, input);
    if (entity.indexedDue > input.time || entity.state === undefined) return;
    // 0 is the mark of an entity whose children run.
    if (entity.indexedDue > 0 || entity.state.timers.length > 0) this.#ports.commits.mark(entity);
  }

  #unpark(key: string, input: EntityInput): void {
    const { commits, parking } = this.#ports;
    if (input.entry === undefined) return;
    commits.write(parking.remove(key, input.entry));
    input.entry = undefined;
  }

  #apply(entity: LiveEntity, result: EntityStepResult | undefined): void {
    if (result === undefined) return;
    const { commits, states } = this.#ports;
    const before = entity.state;
    entity.state = result.state;
    if (this.careful.size > 0 && this.careful.has(entity.key)) {
      try {
        states.encode(entity);
      } catch (error) {
        entity.state = before;
        throw error;
      }
    }
    commits.mark(entity);
    for (const event of result.events) commits.emit(entity, event);
    this.counters.emitted += result.events.length;
  }
}
