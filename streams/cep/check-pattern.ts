import { describeValue } from '../event/describe-value.ts';
import { type GroupStage, namesOf, type PatternSpec, type Stage } from './stage.ts';

/** A run keeps what it may do next in the bits of a small integer. */
const maxStages = 30;

/** Checks a stage that takes events before it is added: it has names of its own, and conditions. */
export function checkFresh(spec: PatternSpec<unknown>, stage: Stage<unknown>): void {
  if (stage.kind === 'not' || stage.kind === 'absent') return;
  if (spec.stages.length >= maxStages) throw new RangeError(`a pattern has at most ${maxStages} stages`);
  const names = namesOf(stage);
  if (names.length === 0 || names.length > maxStages) {
    throw new RangeError(`a stage must have 1 to ${maxStages} conditions, got ${names.length}`);
  }
  const taken = new Set(spec.stages.flatMap(namesOf));
  for (const name of names) {
    if (name === '' || name === '__proto__') {
      throw new TypeError(`the name of a stage must be a word, got ${describeValue(name)}`);
    }
    if (taken.has(name)) throw new TypeError(`two stages of a pattern are named ${describeValue(name)}`);
  }
  if (stage.kind === 'group') {
    checkGroup(stage);
    return;
  }
  for (const condition of stage.conditions) {
    if (typeof condition !== 'function') {
      throw new TypeError(`a condition must be a function, got ${describeValue(condition)}`);
    }
  }
}

/** The first and last stage of a group say where it begins and ends, and it takes an event each time. */
function checkGroup({ stages }: GroupStage<unknown>): void {
  const [first] = stages;
  const last = stages.at(-1);
  if (first === undefined || first.kind === 'not' || first.kind === 'absent' || first.optional) {
    throw new TypeError('a group must begin with a stage that takes events and is not optional');
  }
  if (last?.kind === 'not') {
    throw new TypeError('a group must not end with notNext or notFollowedBy; put it after the group');
  }
  if (stages.some(({ kind }) => kind === 'absent')) throw new TypeError('a group must not hold absentFor');
}

/** Checks what only the whole pattern shows. */
export function checkComplete<E>(spec: PatternSpec<E>): PatternSpec<E> {
  if (spec.stages.length > maxStages) throw new RangeError(`a pattern has at most ${maxStages} stages`);
  const last = spec.stages.at(-1);
  if (last?.kind === 'not' && !last.nextOnly && spec.withinMs === Infinity) {
    throw new TypeError('notFollowedBy as the last stage needs within(): it says when the match is complete');
  }
  if (typeof spec.starts === 'object' && spec.starts.last < spec.starts.first) {
    throw new RangeError('every(first, last) needs stages in the order of the pattern');
  }
  return spec;
}
