import fc from 'fast-check';
import type { FlinkPattern, FlinkStage, TaggedEvent } from './flink-patterns.ts';

const tag = fc.constantFrom('a', 'b', 'c');
const contiguity = fc.constantFrom('next', 'followedBy', 'followedByAny');
const times = fc.constantFrom<readonly [number, number | null]>(
  [1, 1],
  [2, 2],
  [1, 2],
  [0, 1],
  [1, null],
  [0, null],
);
const taking = fc.record({
  tag: fc.oneof({ weight: 4, arbitrary: tag }, { weight: 1, arbitrary: fc.constant('*') }),
  after: contiguity,
  times,
  inner: fc.constantFrom('strict', 'relaxed', 'any'),
}) satisfies fc.Arbitrary<FlinkStage>;
const not = fc.record({ not: fc.constant(true), tag, after: fc.constantFrom('notNext', 'notFollowedBy') });

/** Stages that take events, each perhaps followed by one that forbids some. */
const stages = fc
  .array(fc.tuple(taking, fc.option(not, { freq: 4, nil: undefined })), { minLength: 1, maxLength: 3 })
  .map((pairs) =>
    pairs.flatMap(([stage, after], index): FlinkStage[] => {
      const named = { ...stage, name: `s${index}` };
      return after === undefined ? [named] : [named, after];
    }),
  );

/** Patterns of one to three stages. One that ends with notFollowedBy has a limit. */
export const flinkPatterns: fc.Arbitrary<FlinkPattern> = fc
  .tuple(stages, fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }))
  .map(([pattern, limit]) => {
    const within = limit ?? (pattern.at(-1)?.after === 'notFollowedBy' ? 5 : undefined);
    return within === undefined ? { pattern } : { pattern, within_ms: within };
  });

/** Events in order, no two at the same time. */
export const taggedEvents: fc.Arbitrary<TaggedEvent[]> = fc
  .array(fc.tuple(fc.subarray(['a', 'b', 'c'], { minLength: 1 }), fc.integer({ min: 1, max: 4 })), {
    maxLength: 7,
  })
  .map((drafts) => {
    let ts = 0;
    return drafts.map(([tags, gap], index) => {
      ts += gap;
      return { id: String(index), tags, ts };
    });
  });
