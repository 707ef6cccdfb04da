import { contiguityAny, contiguityNext } from './program.ts';
import type { Guard, Node, Program, Question, Step, TakingStage, Wait } from './program.ts';
import type {
  AllStage,
  Contiguity,
  PatternSpec,
  SkipStrategy,
  Stage,
  StageCondition,
  TakeStage,
} from './stage.ts';

type Taker<E> = TakeStage<E> | AllStage<E>;
type Draft<E> = { -readonly [K in keyof TakingStage<E>]: TakingStage<E>[K] };

/** What follows a stage that is through: the stages up to the first that may not be left out. */
interface Ahead<E> {
  readonly steps: Step<E>[];
  readonly guards: Guard<E>[];
  wait: Wait<E> | undefined;
  final: boolean;
  finalAtTimeout: boolean;
  finalAtNext: boolean;
}

/**
 * Compiles a pattern into nodes, from its last stage to its first.
 *
 * A run stands at a node and waits there for several steps at once: one more event for its stage, and the
 * first event for each stage up to the next that is not optional. That is the set of states a textbook
 * automaton reaches by empty moves, computed once, so that a run is one small object and never a set.
 */
export function compilePattern<E>(spec: PatternSpec<E>): Program<E> {
  const { stages, starts } = spec;
  const names = stages.flatMap((stage) => ('names' in stage ? stage.names : []));
  const compiled: (TakingStage<E> | undefined)[] = stages.map(() => undefined);
  const waits: (Node<E> | undefined)[] = stages.map(() => undefined);

  for (let index = stages.length - 1; index >= 0; index -= 1) {
    const stage = stages[index];
    if (stage === undefined || stage.kind === 'not') continue;
    const ahead = lookAhead(stages, index, compiled, waits);
    if (stage.kind === 'absent') waits[index] = nodeOf(ahead, [], false);
    else compiled[index] = compileStage(stage, index, names, ahead);
  }

  const ahead = lookAhead(stages, -1, compiled, waits);
  return {
    start: ahead.wait?.after ?? nodeOf(ahead, [], false),
    startWait: ahead.wait,
    names,
    withinMs: spec.withinMs,
    skip: compileSkip(spec.skip, names),
    startsOnce: starts === 'once',
    everyFirst: typeof starts === 'object' ? starts.first : -1,
    everyLast: typeof starts === 'object' ? starts.last : -1,
  };
}

function lookAhead<E>(
  stages: readonly Stage<E>[],
  from: number,
  compiled: readonly (TakingStage<E> | undefined)[],
  waits: readonly (Node<E> | undefined)[],
): Ahead<E> {
  const ahead: Ahead<E> = {
    steps: [],
    guards: [],
    wait: undefined,
    final: false,
    finalAtTimeout: false,
    finalAtNext: false,
  };
  let trailing: Guard<E>[] = [];
  for (let index = from + 1; index < stages.length; index += 1) {
    const stage = stages[index] as Stage<E>;
    if (stage.kind === 'not') {
      const guard = { condition: question(stage.condition), nextOnly: stage.nextOnly };
      ahead.guards.push(guard);
      trailing.push(guard);
      continue;
    }
    if (stage.kind === 'absent') {
      ahead.wait = {
        condition: question(stage.condition),
        forMs: stage.forMs,
        after: waits[index] as Node<E>,
      };
      return ahead;
    }
    trailing = [];
    addStep(ahead, stepInto(stage, compiled[index] as TakingStage<E>));
    if (!stage.optional) return ahead;
  }
  // The run may be over here. What forbids events after the last stage decides when that is known.
  ahead.finalAtTimeout = trailing.some((guard) => !guard.nextOnly);
  ahead.finalAtNext = !ahead.finalAtTimeout && trailing.length > 0;
  ahead.final = trailing.length === 0;
  return ahead;
}

function stepInto<E>(stage: Taker<E>, target: TakingStage<E>): Step<E> {
  const chosen = stage.kind === 'take' && stage.optional ? stage.eagerness : 'fork';
  return {
    stage: target,
    contiguity: level(stage.contiguity),
    again: false,
    single: chosen !== 'fork',
    givesWay: chosen === 'reluctant',
  };
}

/** Steps are tried in order, so one that gives way goes behind all that come later in the pattern. */
function addStep<E>(ahead: Ahead<E>, step: Step<E>): void {
  const behind = ahead.steps.findIndex((earlier) => earlier.givesWay);
  ahead.steps.splice(behind < 0 ? ahead.steps.length : behind, 0, step);
}

function compileStage<E>(
  stage: Taker<E>,
  index: number,
  names: readonly string[],
  ahead: Ahead<E>,
): TakingStage<E> {
  const conditions = stage.conditions.map(question);
  const draft: Draft<E> = {
    index,
    all: stage.kind === 'all',
    conditions,
    slots: stage.names.map((name) => names.indexOf(name)),
    until: undefined,
    min: 1,
    max: 1,
    below: nodeOf<E>(undefined, [], false),
    within: nodeOf<E>(undefined, [], false),
    full: nodeOf(ahead, [], false),
    memoizable: conditions.every(({ plain }) => plain),
    memoFor: -1,
    memo: 0,
  };
  const again: Step<E> = {
    stage: draft,
    contiguity: stage.kind === 'all' ? level('followedBy') : level(stage.inner),
    again: true,
    single: false,
    givesWay: false,
  };
  draft.below = nodeOf(undefined, [again], false);
  if (stage.kind === 'all') return draft;

  draft.min = stage.min;
  draft.max = stage.max;
  if (stage.until !== undefined) draft.until = question(stage.until);
  draft.within = withinNode(stage, ahead, again);
  return draft;
}

function withinNode<E>(stage: TakeStage<E>, ahead: Ahead<E>, again: Step<E>): Node<E> {
  if (stage.eagerness === 'fork') return nodeOf(ahead, [again], false);
  if (stage.eagerness === 'greedy') return nodeOf(ahead, [again], true);
  // Reluctant: what is a match already does not collect on.
  if (ahead.final) return nodeOf(ahead, [], true);
  return nodeOf({ ...ahead, steps: [...ahead.steps, again] }, [], true);
}

function nodeOf<E>(ahead: Ahead<E> | undefined, first: readonly Step<E>[], single: boolean): Node<E> {
  const steps = [...first, ...(ahead?.steps ?? [])];
  const guards = ahead?.guards ?? [];
  return {
    steps,
    guards,
    single: single || steps.some((step) => step.single),
    final: ahead?.final ?? false,
    finalAtTimeout: ahead?.finalAtTimeout ?? false,
    finalAtNext: ahead?.finalAtNext ?? false,
    hasFreshness: (ahead?.finalAtNext ?? false) || guards.some((guard) => guard.nextOnly),
    wait: ahead?.wait,
    allSteps: 2 ** steps.length - 1,
  };
}

function question<E>(ask: StageCondition<E>): Question<E> {
  return { ask, plain: ask.length === 1 };
}

function level(contiguity: Contiguity): number {
  if (contiguity === 'next') return contiguityNext;
  return contiguity === 'followedByAny' ? contiguityAny : 1;
}

function compileSkip(skip: SkipStrategy, names: readonly string[]): Program<unknown>['skip'] {
  if (typeof skip === 'string') return { to: skip, slot: -1 };
  return 'toFirst' in skip
    ? { to: 'first', slot: names.indexOf(skip.toFirst) }
    : { to: 'last', slot: names.indexOf(skip.toLast) };
}
