/**
 * How a stage follows the one before.
 *
 * - `next`: the very next event must fit.
 * - `followedBy`: events that do not fit are skipped.
 * - `followedByAny`: events that fit may be skipped too, so that every later one gives a match of its own.
 */
export type Contiguity = 'next' | 'followedBy' | 'followedByAny';

/**
 * What a run does where a stage may take one more event or leave the floor to the next stage.
 *
 * - `fork`: both; every way is a match.
 * - `greedy`: one more, if it fits.
 * - `reluctant`: the next stage, if it fits.
 */
export type Eagerness = 'fork' | 'greedy' | 'reluctant';

/** Events by the name of the stage that took them. */
export type BoundEvents<E> = Readonly<Record<string, readonly E[]>>;

/** Whether an event fits a stage, `so` being what the stages before have taken. */
export type StageCondition<E> = (event: E, so: BoundEvents<E>) => boolean;

/** Takes `min` to `max` events, each of the first alternative that it fits. */
export interface TakeStage<E> {
  readonly kind: 'take';
  readonly names: readonly string[];
  readonly conditions: readonly StageCondition<E>[];
  readonly contiguity: Contiguity;
  readonly optional: boolean;
  readonly min: number;
  readonly max: number;
  /** How the events of the stage follow each other. */
  readonly inner: Contiguity;
  readonly eagerness: Eagerness;
  readonly until?: StageCondition<E>;
}

/** Takes events until each of its conditions has had one, in any order; one event may serve several. */
export interface AllStage<E> {
  readonly kind: 'all';
  readonly names: readonly string[];
  readonly conditions: readonly StageCondition<E>[];
  readonly contiguity: Contiguity;
  readonly optional: boolean;
}

/** Ends the run when an event fits before the next stage has taken one, or as the very next event. */
export interface NotStage<E> {
  readonly kind: 'not';
  readonly condition: StageCondition<E>;
  readonly nextOnly: boolean;
}

/** Is passed once no event has fit for `forMs`; an event that fits before ends the run. */
export interface AbsentStage<E> {
  readonly kind: 'absent';
  readonly condition: StageCondition<E>;
  readonly forMs: number;
}

/** Passes its stages `min` to `max` times. */
export interface GroupStage<E> {
  readonly kind: 'group';
  readonly stages: readonly Stage<E>[];
  readonly contiguity: Contiguity;
  readonly optional: boolean;
  readonly min: number;
  readonly max: number;
  /** How one time follows the one before. */
  readonly inner: Contiguity;
}

export type Stage<E> = TakeStage<E> | AllStage<E> | NotStage<E> | AbsentStage<E> | GroupStage<E>;

/** The names under which a stage puts events into a match. */
export function namesOf(stage: Stage<never>): readonly string[] {
  if (stage.kind === 'group') return stage.stages.flatMap(namesOf);
  return 'names' in stage ? stage.names : [];
}

/** Which runs a match ends: see `skip` of the pattern builder. */
export type SkipStrategy =
  | 'none'
  | 'next'
  | 'pastLast'
  | { readonly toFirst: string }
  | { readonly toLast: string };

/**
 * Where runs start: at every event that fits the first stage, at the first such event only, or again from
 * stage `first` each time stage `last` is through.
 */
export type Starts = 'each' | 'once' | { readonly first: number; readonly last: number };

/** A pattern as data: what the builder collects and the compiler reads. */
export interface PatternSpec<E> {
  readonly stages: readonly Stage<E>[];
  /** `Infinity` when there is no limit. */
  readonly withinMs: number;
  readonly skip: SkipStrategy;
  readonly starts: Starts;
}
