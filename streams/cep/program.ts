import type { StageCondition } from './stage.ts';

/** How an event that a step does not take, or does, treats the step: see `Contiguity`. */
export const contiguityNext = 0;
export const contiguityAny = 2;

/** One thing a run may do with an event: take it for a stage. */
export interface Step<E> {
  readonly stage: TakingStage<E>;
  /** 0 `next`, 1 `followedBy`, 2 `followedByAny`. */
  readonly contiguity: number;
  /** The run is in that stage already, and would take one more for it. */
  readonly again: boolean;
  /** The stage may be left out, but is not to be tried both ways. */
  readonly single: boolean;
  /** The stage may be left out, and is if a later one fits. */
  readonly givesWay: boolean;
}

/** A condition, and what it asks about. */
export interface Question<E> {
  readonly ask: StageCondition<E>;
  /**
   * It declares one parameter, so its answer depends on the event alone. Noted here because reading the
   * `length` of a function costs as much as a call into the engine.
   */
  readonly plain: boolean;
}

/** An event that fits ends the run. */
export interface Guard<E> {
  readonly condition: Question<E>;
  readonly nextOnly: boolean;
}

/** The run waits for the clock: once `forMs` have passed without an event that fits, it is in `after`. */
export interface Wait<E> {
  readonly condition: Question<E>;
  readonly forMs: number;
  readonly after: Node<E>;
}

/**
 * Where a run stands between two events, and all that may come next.
 *
 * Nodes are shared by all runs and never change; a run adds to its node what it has taken.
 */
export interface Node<E> {
  readonly steps: readonly Step<E>[];
  readonly guards: readonly Guard<E>[];
  /** Only the first step that fits is taken, and the run goes with it. */
  readonly single: boolean;
  /** The run is a match as it stands. */
  readonly final: boolean;
  /** The run is a match once `within` has passed. */
  readonly finalAtTimeout: boolean;
  /** The run is a match once the very next event has passed the guards. */
  readonly finalAtNext: boolean;
  /** Something in the node holds for the very next event only. */
  readonly hasFreshness: boolean;
  readonly wait: Wait<E> | undefined;
  /** Something can still come of a run here. */
  readonly goesOn: boolean;
  /** One bit for each step. */
  readonly allSteps: number;
}

/** A stage that takes events, compiled. It has one node for each phase of its count. */
export interface TakingStage<E> {
  readonly index: number;
  readonly all: boolean;
  readonly conditions: readonly Question<E>[];
  /** Of each condition, where its events go in a match. */
  readonly slots: readonly number[];
  readonly until: Question<E> | undefined;
  readonly min: number;
  readonly max: number;
  /** More events are needed before the run may leave. */
  readonly below: Node<E>;
  /** One more event may be taken, or the run may leave. */
  readonly within: Node<E>;
  /** The run must leave. */
  readonly full: Node<E>;
  /** Whether the answer depends on the event alone, so that one answer serves all runs. */
  readonly memoizable: boolean;
  /** Answer to the event whose number is `memoFor`. Kept here, for it is the fastest place. */
  memoFor: number;
  memo: number;
}

/** A pattern, compiled for one subscription. */
export interface Program<E> {
  /** Where a run is before its first event. */
  readonly start: Node<E>;
  /** What has to be absent before runs may start. */
  readonly startWait: Wait<E> | undefined;
  /** Names of the slots. */
  readonly names: readonly string[];
  readonly withinMs: number;
  /** Slot of the stage to skip to; -1 where the strategy needs none. */
  readonly skip: { readonly to: 'none' | 'next' | 'pastLast' | 'first' | 'last'; readonly slot: number };
  readonly startsOnce: boolean;
  /** Stages of `every`, by index; -1 for none. */
  readonly everyFirst: number;
  readonly everyLast: number;
}
