import { contiguityAny, contiguityNext } from './program.ts';
import type { Guard, Node, Program, Question, Step, TakingStage, Wait } from './program.ts';
import { namesOf } from './stage.ts';
import type {
  AllStage,
  Contiguity,
  PatternSpec,
  SkipStrategy,
  Stage,
  StageCondition,
  TakeStage,
} from './stage.ts';
import { type Item, writeOut } from './write-out.ts';

type Taker<E> = TakeStage<E> | AllStage<E>;
/** What a run may do next is kept in the bits of a small integer. */
const maxSteps = 30;

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
  const names = stages.flatMap(namesOf);
  const items = writeOut(stages);
  // Made before they are filled in: the last stage of a group leads back to its first.
  const drafts = items.map((item) =>
    item.kind === 'stage' && isTaker(item.stage) ? draftOf(item.stage, item.index, names) : undefined,
  );
  const waits: (Node<E> | undefined)[] = items.map(() => undefined);

  for (let index = items.length - 1; index >= 0; index -= 1) {
    const item = items[index];
    if (item?.kind !== 'stage' || item.stage.kind === 'not') continue;
    const ahead = lookAhead(items, index + 1, drafts, waits);
    const draft = drafts[index];
    if (draft === undefined) waits[index] = nodeOf(ahead, [], false);
    else if (isTaker(item.stage)) fillIn(draft, item.stage, ahead);
  }

  const ahead = lookAhead(items, 0, drafts, waits);
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

function isTaker<E>(stage: Stage<E>): stage is Taker<E> {
  return stage.kind === 'take' || stage.kind === 'all';
}

function lookAhead<E>(
  items: readonly Item<E>[],
  from: number,
  drafts: readonly (TakingStage<E> | undefined)[],
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

  /** Whether the pattern may end without a stage after `at`. */
  function reachesEnd(at: number): boolean {
    for (let index = at; index < items.length; index += 1) {
      const item = items[index] as Item<E>;
      if (item.kind === 'open') {
        // A group has a stage that may not be left out, so that within it the end is never reached.
        reachesEnd(index + 1);
        index = item.close;
        continue;
      }
      if (item.kind === 'close') {
        if (item.loop >= 0) reachesEnd(item.loop);
        continue;
      }
      const { stage } = item;
      if (stage.kind === 'not') {
        const guard = { condition: question(stage.condition), nextOnly: stage.nextOnly };
        ahead.guards.push(guard);
        trailing.push(guard);
        continue;
      }
      if (!isTaker(stage)) {
        const after = waits[index] as Node<E>;
        ahead.wait = { condition: question(stage.condition), forMs: stage.forMs, after };
        return false;
      }
      trailing = [];
      addStep(ahead, stepInto(stage, drafts[index] as TakingStage<E>));
      if (!stage.optional) return false;
    }
    return true;
  }

  if (!reachesEnd(from)) return ahead;
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

function draftOf<E>(stage: Taker<E>, index: number, names: readonly string[]): Draft<E> {
  const conditions = stage.conditions.map(question);
  const nowhere = nodeOf<E>(undefined, [], false);
  return {
    index,
    all: stage.kind === 'all',
    conditions,
    slots: stage.names.map((name) => names.indexOf(name)),
    until: undefined,
    min: 1,
    max: 1,
    below: nowhere,
    within: nowhere,
    full: nowhere,
    memoizable: conditions.every(({ plain }) => plain),
    memoFor: -1,
    memo: 0,
  };
}

function fillIn<E>(draft: Draft<E>, stage: Taker<E>, ahead: Ahead<E>): void {
  const again: Step<E> = {
    stage: draft,
    contiguity: stage.kind === 'all' ? level('followedBy') : level(stage.inner),
    again: true,
    single: false,
    givesWay: false,
  };
  draft.full = nodeOf(ahead, [], false);
  draft.below = nodeOf(undefined, [again], false);
  if (stage.kind === 'all') return;

  draft.min = stage.min;
  draft.max = stage.max;
  if (stage.until !== undefined) draft.until = question(stage.until);
  draft.within = withinNode(stage, ahead, again);
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
  if (steps.length > maxSteps) {
    throw new RangeError(`at most ${maxSteps} stages may be optional one after the other`);
  }
  const { guards = [], final = false, finalAtTimeout = false, finalAtNext = false, wait } = ahead ?? {};
  return {
    steps,
    guards,
    single: single || steps.some((step) => step.single),
    final,
    finalAtTimeout,
    finalAtNext,
    hasFreshness: finalAtNext || guards.some((guard) => guard.nextOnly),
    wait,
    goesOn: steps.length > 0 || finalAtTimeout || finalAtNext || wait !== undefined,
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
