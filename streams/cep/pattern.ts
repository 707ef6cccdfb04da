import { describeValue } from '../event/describe-value.ts';
import { checkComplete, checkFresh } from './check-pattern.ts';
import type { NoStages, PatternBuilder, PatternStart } from './pattern-builder.ts';
import { namesOf } from './stage.ts';
import type {
  Contiguity,
  GroupStage,
  PatternSpec,
  SkipStrategy,
  Stage,
  StageCondition,
  TakeStage,
} from './stage.ts';

type Spec = PatternSpec<unknown>;
type Test = StageCondition<unknown>;
type NewStage =
  | string
  | {
      readonly either?: Record<string, Test>;
      readonly all?: Record<string, Test>;
      readonly spec?: Spec;
    };

/**
 * Starts a pattern over events of type `E`: a sequence of stages that {@link matchPattern} looks for.
 *
 * The names of the stages become the keys of a match, with the events that each took. Conditions of later
 * stages see the events of earlier ones. The semantics are those of Flink's CEP, the short forms `once`,
 * `every`, `reluctant`, `absentFor`, `either` and `all` add what Siddhi has beyond it.
 *
 * @example
 * ```ts
 * const takeover = pattern<{ type: string; user: string }>()
 *   .begin('failures', (e) => e.type === 'auth.failed').times(3)
 *   .followedBy('login', (e, so) => e.type === 'auth.accepted' && e.user === so.failures[0].user)
 *   .within(300_000);
 * ```
 */
export function pattern<E>(): PatternStart<E> {
  const empty: Spec = { stages: [], withinMs: Infinity, skip: 'none', starts: 'each' };
  return starter(empty) as unknown as PatternStart<E>;
}

function starter(spec: Spec): object {
  return {
    begin: adder(spec, 'followedBy'),
    absentFor: (forMs: number, condition: Test) => starter(withAbsence(spec, forMs, condition)),
  };
}

function withAbsence(spec: Spec, forMs: number, condition: Test): Spec {
  checkDuration('forMs', forMs);
  return { ...spec, stages: [...spec.stages, { kind: 'absent', condition, forMs }] };
}

const anything: Test = (_event) => true;

function adder(spec: Spec, contiguity: Contiguity) {
  return (stage: NewStage, condition: Test = anything) => {
    const added = stageFor(stage, condition, contiguity);
    checkFresh(spec, added);
    return builder({ ...spec, stages: [...spec.stages, added] });
  };
}

function stageFor(stage: NewStage, condition: Test, contiguity: Contiguity): Stage<unknown> {
  if (typeof stage === 'string') return takeStage([stage], [condition], contiguity);
  const { either, all, spec } = stage;
  if (spec !== undefined) return groupStage(spec, contiguity);
  if (either !== undefined) return takeStage(Object.keys(either), Object.values(either), contiguity);
  if (all === undefined)
    throw new TypeError(`a stage is a name, { either }, { all } or a pattern, got ${describeValue(stage)}`);
  const [names, conditions] = [Object.keys(all), Object.values(all)];
  return { kind: 'all', names, conditions, contiguity, optional: false };
}

function groupStage({ stages, withinMs, skip, starts }: Spec, contiguity: Contiguity): GroupStage<unknown> {
  if (withinMs !== Infinity || skip !== 'none' || starts !== 'each') {
    throw new TypeError('within, skip, once and every are for the whole pattern, not for a group in it');
  }
  return { kind: 'group', stages, contiguity, optional: false, min: 1, max: 1, inner: 'followedBy' };
}

function takeStage(names: string[], conditions: Test[], contiguity: Contiguity): TakeStage<unknown> {
  return {
    kind: 'take',
    names,
    conditions,
    contiguity,
    optional: false,
    min: 1,
    max: 1,
    inner: 'followedBy',
    eagerness: 'fork',
  };
}

/** Everything but the types of the stages, which `PatternBuilder` adds. */
function builder(spec: Spec): PatternBuilder<unknown, NoStages, never> {
  const add = (stage: Stage<unknown>) => builder({ ...spec, stages: [...spec.stages, stage] });
  const change = (method: string, changes: Partial<TakeStage<unknown>>) =>
    builder({ ...spec, stages: withLatest(spec, method, changes) });
  const repeat = (method: string, changes: Partial<Repetition>) =>
    builder({ ...spec, stages: withRepetition(spec, method, changes) });

  return {
    get spec() {
      return checkComplete(spec);
    },
    next: adder(spec, 'next'),
    followedBy: adder(spec, 'followedBy'),
    followedByAny: adder(spec, 'followedByAny'),
    notNext: (condition: Test) => add({ kind: 'not', condition, nextOnly: true }),
    notFollowedBy: (condition: Test) => add({ kind: 'not', condition, nextOnly: false }),
    absentFor: (forMs: number, condition: Test) => builder(withAbsence(spec, forMs, condition)),
    times: (min: number, max = min) => repeat('times', checkedTimes(min, max)),
    timesOrMore: (min: number) => repeat('timesOrMore', checkedTimes(min, Infinity)),
    oneOrMore: () => repeat('oneOrMore', { min: 1, max: Infinity }),
    optional: () => builder({ ...spec, stages: withOptionalLatest(spec) }),
    consecutive: () => repeat('consecutive', { inner: 'next' }),
    allowCombinations: () => repeat('allowCombinations', { inner: 'followedByAny' }),
    greedy: () => change('greedy', { eagerness: 'greedy' }),
    reluctant: () => change('reluctant', { eagerness: 'reluctant' }),
    until: (until: Test) => change('until', { until }),
    within: (withinMs: number) => {
      checkDuration('withinMs', withinMs);
      return builder({ ...spec, withinMs });
    },
    skip: (skip: SkipStrategy) => builder({ ...spec, skip: checkedSkip(spec, skip) }),
    once: () => builder({ ...spec, starts: 'once' }),
    every: (first: string, last = first) =>
      builder({ ...spec, starts: { first: stageNamed(spec, first), last: stageNamed(spec, last) } }),
  } as unknown as PatternBuilder<unknown, NoStages, never>;
}

type Repetition = Pick<TakeStage<unknown>, 'min' | 'max' | 'inner'>;

function withRepetition(spec: Spec, method: string, changes: Partial<Repetition>): Stage<unknown>[] {
  const latest = spec.stages.at(-1);
  if (latest?.kind !== 'group') return withLatest(spec, method, changes);
  return [...spec.stages.slice(0, -1), { ...latest, ...changes }];
}

function withLatest(spec: Spec, method: string, changes: Partial<TakeStage<unknown>>): Stage<unknown>[] {
  const latest = spec.stages.at(-1);
  if (latest?.kind !== 'take') {
    throw new TypeError(`${method} must come after a stage that takes events one by one`);
  }
  return [...spec.stages.slice(0, -1), { ...latest, ...changes }];
}

function withOptionalLatest(spec: Spec): Stage<unknown>[] {
  const latest = spec.stages.at(-1);
  if (latest === undefined || latest.kind === 'not' || latest.kind === 'absent') {
    throw new TypeError('optional must come after a stage that takes events');
  }
  return [...spec.stages.slice(0, -1), { ...latest, optional: true }];
}

function checkedTimes(min: number, max: number): { min: number; max: number } {
  if (!Number.isSafeInteger(min) || min < 1) {
    throw new RangeError(
      `min must be a whole number, 1 or more, got ${describeValue(min)}; for none, use optional()`,
    );
  }
  if (!(max >= min && (max === Infinity || Number.isSafeInteger(max)))) {
    throw new RangeError(`max must be a whole number, ${min} or more, got ${describeValue(max)}`);
  }
  return { min, max };
}

function checkDuration(option: string, ms: number): void {
  if (!(typeof ms === 'number' && ms > 0 && ms < Infinity)) {
    throw new RangeError(`${option} must be a number of milliseconds above 0, got ${describeValue(ms)}`);
  }
}

function checkedSkip(spec: Spec, skip: SkipStrategy): SkipStrategy {
  if (skip === 'none' || skip === 'next' || skip === 'pastLast') return skip;
  if (typeof skip === 'object' && skip !== null) {
    const name = 'toFirst' in skip ? skip.toFirst : skip.toLast;
    if (!spec.stages.flatMap(namesOf).includes(name)) throw noStage(name);
    return skip;
  }
  throw new TypeError(
    `skip must be one of none, next, pastLast, { toFirst }, { toLast }; got ${describeValue(skip)}`,
  );
}

function stageNamed(spec: Spec, name: string): number {
  const index = spec.stages.findIndex(
    (stage) => (stage.kind === 'take' || stage.kind === 'all') && stage.names.includes(name),
  );
  if (index >= 0) return index;
  if (spec.stages.flatMap(namesOf).includes(name)) {
    throw new TypeError(`every goes by stages of the pattern; ${describeValue(name)} is within a group`);
  }
  throw noStage(name);
}

function noStage(name: string): TypeError {
  return new TypeError(`the pattern has no stage ${describeValue(name)} so far`);
}
