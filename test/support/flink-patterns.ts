import type { Pattern } from '../../streams/cep/pattern-builder.ts';
import { pattern } from '../../streams/cep/pattern.ts';

/** An event of the vectors. */
export interface TaggedEvent {
  readonly id: string;
  readonly tags: readonly string[];
  readonly ts: number;
}

/** A stage as the vectors write it. */
export interface FlinkStage {
  readonly name?: string;
  readonly tag: string;
  readonly after: 'next' | 'followedBy' | 'followedByAny' | 'notNext' | 'notFollowedBy';
  readonly times?: readonly [number, number | null];
  readonly inner?: 'strict' | 'relaxed' | 'any';
  readonly not?: boolean;
}

export interface FlinkPattern {
  readonly pattern: readonly FlinkStage[];
  readonly within_ms?: number;
  readonly skip?: {
    readonly mode: 'none' | 'next' | 'pastLast' | 'toFirst' | 'toLast';
    readonly to?: string;
  };
}

type Condition = (event: TaggedEvent) => boolean;
type Add = (name: string, condition: Condition) => AnyBuilder;

/** The builder without the names of its stages, which only the vectors know. */
interface AnyBuilder extends Pattern<TaggedEvent, Record<string, readonly TaggedEvent[]>> {
  readonly next: Add;
  readonly followedBy: Add;
  readonly followedByAny: Add;
  notNext(condition: Condition): AnyBuilder;
  notFollowedBy(condition: Condition): AnyBuilder;
  times(min: number, max?: number): AnyBuilder;
  timesOrMore(min: number): AnyBuilder;
  optional(): AnyBuilder;
  consecutive(): AnyBuilder;
  allowCombinations(): AnyBuilder;
  within(ms: number): AnyBuilder;
  skip(strategy: unknown): AnyBuilder;
}

/** Builds the pattern that a vector describes. */
export function flinkPattern(
  given: FlinkPattern,
): Pattern<TaggedEvent, Record<string, readonly TaggedEvent[]>> {
  const start = pattern<TaggedEvent>() as unknown as { readonly begin: Add };
  let built: AnyBuilder | undefined;
  for (const stage of given.pattern) built = addStage(built, start.begin, stage);
  if (built === undefined) throw new Error('a pattern without stages');
  if (given.within_ms !== undefined) built = built.within(given.within_ms);
  const { mode, to } = given.skip ?? { mode: 'none' };
  return built.skip(mode === 'toFirst' || mode === 'toLast' ? { [mode]: to } : mode);
}

function addStage(built: AnyBuilder | undefined, begin: Add, stage: FlinkStage): AnyBuilder {
  const condition: Condition = (event) => stage.tag === '*' || event.tags.includes(stage.tag);
  const { after, name = '' } = stage;
  if (after === 'notNext' || after === 'notFollowedBy') {
    if (built === undefined) throw new Error('a pattern that begins with not');
    return built[after](condition);
  }
  return quantify((built?.[after] ?? begin)(name, condition), stage);
}

function quantify(built: AnyBuilder, { times = [1, 1], inner }: FlinkStage): AnyBuilder {
  const [min, max] = times;
  let quantified = max === null ? built.timesOrMore(Math.max(min, 1)) : built.times(Math.max(min, 1), max);
  if (min === 0) quantified = quantified.optional();
  if (inner === 'strict') quantified = quantified.consecutive();
  if (inner === 'any') quantified = quantified.allowCombinations();
  return quantified;
}
