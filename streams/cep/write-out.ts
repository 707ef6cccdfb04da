import type { AbsentStage, AllStage, Contiguity, GroupStage, NotStage, Stage, TakeStage } from './stage.ts';

/** A pattern with its groups written out: stages in a row, and marks around what may be left out. */
export type Item<E> =
  | {
      readonly kind: 'stage';
      readonly stage: TakeStage<E> | AllStage<E> | NotStage<E> | AbsentStage<E>;
      /** Its place in the pattern; -1 for one within a group. */
      readonly index: number;
    }
  /** What may be left out begins: a group, or copies of it. It ends at `close`. */
  | Opened
  /** It ends. Where it may come again and again, its first stage is at `loop`; else that is -1. */
  | { readonly kind: 'close'; readonly loop: number };

interface Opened {
  readonly kind: 'open';
  close: number;
}

const maxItems = 2_000;

/**
 * Writes the groups of a pattern out: `(a b){2,3}` is `a b a b (a b)?`, and `(a b)+` is `a b (a b)*`.
 *
 * @throws RangeError when that is too long.
 */
export function writeOut<E>(stages: readonly Stage<E>[]): Item<E>[] {
  const items: Item<E>[] = [];
  for (const [index, stage] of stages.entries()) write(items, stage, index);
  return items;
}

function write<E>(items: Item<E>[], stage: Stage<E>, index: number): void {
  if (items.length > maxItems) {
    throw new RangeError(`a pattern has at most ${maxItems} stages, each repetition of a group counted`);
  }
  if (stage.kind === 'group') writeGroup(items, stage);
  else items.push({ kind: 'stage', stage, index });
}

/** The copies after the least nest: the third is there only after the second. */
function writeGroup<E>(items: Item<E>[], group: GroupStage<E>): void {
  const { min, max, optional, contiguity, inner } = group;
  const opened: Opened[] = [];
  // What may be left out altogether holds all of its copies.
  if (optional) opened.push(open(items));
  for (let copy = 0; copy < min; copy += 1) writeCopy(items, group, copy === 0 ? contiguity : inner);
  if (max === Infinity) {
    opened.push(open(items));
    const loop = items.length;
    writeCopy(items, group, inner);
    close(items, opened.pop(), loop);
  } else {
    for (let copy = min; copy < max; copy += 1) {
      opened.push(open(items));
      writeCopy(items, group, inner);
    }
  }
  while (opened.length > 0) close(items, opened.pop(), -1);
}

function writeCopy<E>(items: Item<E>[], group: GroupStage<E>, contiguity: Contiguity): void {
  for (const [at, stage] of group.stages.entries()) {
    const first = at === 0 && 'contiguity' in stage;
    write(items, first ? { ...stage, contiguity } : stage, -1);
  }
}

function open<E>(items: Item<E>[]): Opened {
  const opened: Opened = { kind: 'open', close: -1 };
  items.push(opened);
  return opened;
}

function close<E>(items: Item<E>[], opened: Opened | undefined, loop: number): void {
  if (opened !== undefined) opened.close = items.length;
  items.push({ kind: 'close', loop });
}
