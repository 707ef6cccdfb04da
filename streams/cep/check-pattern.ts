import { describeValue } from '../event/describe-value.ts';
import type { PatternSpec, Stage } from './stage.ts';

/** A run keeps what it may do next in the bits of a small integer. */
const maxStages = 30;

/** Checks a stage that takes events before it is added: it has names of its own, and conditions. */
export function checkFresh(spec: PatternSpec<unknown>, stage: Stage<unknown>): void {
  if (stage.kind !== 'take' && stage.kind !== 'all') return;
  if (spec.stages.length >= maxStages) throw new RangeError(`a pattern has at most ${maxStages} stages`);
  if (stage.names.length === 0 || stage.names.length > maxStages) {
    throw new RangeError(`a stage must have 1 to ${maxStages} conditions, got ${stage.names.length}`);
  }
  const taken = new Set(spec.stages.flatMap((other) => ('names' in other ? other.names : [])));
  for (const name of stage.names) {
    if (name === '' || name === '__proto__') {
      throw new TypeError(`the name of a stage must be a word, got ${describeValue(name)}`);
    }
    if (taken.has(name)) throw new TypeError(`two stages of a pattern are named ${describeValue(name)}`);
  }
  for (const condition of stage.conditions) {
    if (typeof condition !== 'function') {
      throw new TypeError(`a condition must be a function, got ${describeValue(condition)}`);
    }
  }
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
