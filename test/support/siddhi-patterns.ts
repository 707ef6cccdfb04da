import type { Pattern } from '../../streams/cep/pattern-builder.ts';
import { pattern } from '../../streams/cep/pattern.ts';

/** An event of the vectors. */
export interface StreamEvent {
  readonly id: string;
  readonly ts: number;
  readonly stream: string;
  readonly [field: string]: unknown;
}

interface Operand {
  /** `e1.price`, or `e1[1].price` for one of several. */
  readonly ref: string;
}

interface Leaf {
  readonly as: string;
  readonly stream: string;
  readonly where: readonly (readonly [field: string, op: string, value: unknown])[];
  readonly count?: readonly [number, number | null];
  readonly absent_for_ms?: number;
}

type SiddhiStep = Leaf | { readonly and: readonly Leaf[] } | { readonly or: readonly Leaf[] };

export interface SiddhiPattern {
  readonly mode: 'pattern' | 'sequence';
  readonly every: readonly [number, number] | null;
  readonly within_ms: number | null;
  readonly steps: readonly SiddhiStep[];
}

type Events = Readonly<Record<string, readonly StreamEvent[]>>;
type Condition = (event: StreamEvent, so: Events) => boolean;
type Add = (stage: unknown, condition?: Condition) => AnyBuilder;

/** The builder without the names of its stages, which only the vectors know. */
interface AnyBuilder extends Pattern<StreamEvent, Events> {
  readonly begin: Add;
  readonly next: Add;
  readonly followedBy: Add;
  absentFor(ms: number, condition: Condition): AnyBuilder;
  times(min: number, max: number): AnyBuilder;
  timesOrMore(min: number): AnyBuilder;
  optional(): AnyBuilder;
  reluctant(): AnyBuilder;
  within(ms: number): AnyBuilder;
  once(): AnyBuilder;
  every(first: string, last: string): AnyBuilder;
}

/** Builds the pattern that a vector describes. */
export function siddhiPattern(given: SiddhiPattern): Pattern<StreamEvent, Events> {
  let built = pattern<StreamEvent>() as unknown as AnyBuilder;
  let begun = false;
  for (const step of given.steps) {
    if ('absent_for_ms' in step) {
      built = built.absentFor(step.absent_for_ms ?? 0, conditionOf(step));
      continue;
    }
    const contiguity = given.mode === 'sequence' ? 'next' : 'followedBy';
    built = quantify(addStep(built[begun ? contiguity : 'begin'], step), step);
    begun = true;
  }
  // There the last event may come at the very end of the time, here it must come before.
  if (given.within_ms !== null) built = built.within(given.within_ms + 1);
  return start(built, given);
}

function start(built: AnyBuilder, { every, steps }: SiddhiPattern): AnyBuilder {
  if (every === null) return built.once();
  const [first, last] = every;
  // A single step begins anew at each event, which is what patterns do unless told otherwise.
  return first === 0 && last === 0 ? built : built.every(nameOf(steps[first]), nameOf(steps[last]));
}

function addStep(add: Add, step: SiddhiStep): AnyBuilder {
  if ('and' in step) return add({ all: conditionsOf(step.and) });
  if ('or' in step) return add({ either: conditionsOf(step.or) });
  return add(step.as, conditionOf(step));
}

function quantify(built: AnyBuilder, step: SiddhiStep): AnyBuilder {
  if (!('count' in step) || step.count === undefined) return built;
  const [min, max] = step.count;
  const least = Math.max(min, 1);
  const counted = (max === null ? built.timesOrMore(least) : built.times(least, max)).reluctant();
  return min === 0 ? counted.optional() : counted;
}

function conditionsOf(leaves: readonly Leaf[]): Record<string, Condition> {
  return Object.fromEntries(leaves.map((leaf) => [leaf.as, conditionOf(leaf)]));
}

function conditionOf({ stream, where }: Leaf): Condition {
  return (event, so) =>
    event.stream === stream &&
    where.every(([field, op, value]) =>
      compare(event[field], op, isReference(value) ? lookUp(value, so) : value),
    );
}

function isReference(value: unknown): value is Operand {
  return typeof value === 'object' && value !== null && 'ref' in value;
}

function lookUp({ ref }: Operand, so: Events): unknown {
  const [, name = '', index = '0', field = ''] = /^(\w+)(?:\[(\d+)\])?\.(\w+)$/u.exec(ref) ?? [];
  return so[name]?.[Number(index)]?.[field];
}

function compare(left: unknown, op: string, right: unknown): boolean {
  if (op === '==') return left === right;
  if (op === '!=') return left !== right;
  const [a, b] = [Number(left), Number(right)];
  if (op === '>') return a > b;
  if (op === '>=') return a >= b;
  return op === '<' ? a < b : a <= b;
}

function nameOf(step: SiddhiStep | undefined): string {
  if (step === undefined) throw new Error('every names a step that is not there');
  if ('as' in step) return step.as;
  return ('and' in step ? step.and : step.or)[0]?.as ?? '';
}
