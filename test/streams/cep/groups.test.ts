import fc from 'fast-check';
import { from, map } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { matchPattern, pattern, withoutWatermarks } from 'breakwater/streams';
import type { Pattern } from '../../../streams/cep/pattern-builder.ts';
import { taggedEvents } from '../../support/flink-arbitraries.ts';
import type { FlinkStage, TaggedEvent } from '../../support/flink-patterns.ts';
import { is, type Letter, matchesIn } from '../../support/letters.ts';
import { naiveMatches } from '../../support/naive-matcher.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

/** A group as the test makes it up: `inner` is how one time follows the one before. */
interface Group {
  readonly stages: readonly FlinkStage[];
  readonly after: 'next' | 'followedBy' | 'followedByAny';
  readonly inner: 'next' | 'followedBy' | 'followedByAny';
  readonly min: number;
  readonly max: number;
  readonly optional: boolean;
}

interface Grouped {
  readonly before: readonly FlinkStage[];
  readonly group: Group;
  readonly behind: readonly FlinkStage[];
  readonly within: number | undefined;
}

const contiguity = fc.constantFrom('next', 'followedBy', 'followedByAny');
const tag = fc.constantFrom('a', 'b', 'c', '*');
const times = fc.constantFrom<readonly [number, number | null]>([1, 1], [1, 1], [2, 2], [1, null]);
const stage = fc.record({ tag, after: contiguity, times });
const optionalStage = fc.record({
  tag,
  after: contiguity,
  times: fc.constantFrom<readonly [number, number]>([0, 1], [1, 1]),
});
const not = fc.record({ not: fc.constant(true), tag, after: fc.constantFrom('notNext', 'notFollowedBy') });
const inGroup = fc
  .tuple(stage, fc.option(fc.tuple(fc.option(not, { nil: undefined }), optionalStage), { nil: undefined }))
  .map(([first, more]): FlinkStage[] => {
    if (more === undefined) return [first];
    const [forbidden, last] = more;
    return forbidden === undefined ? [first, last] : [first, forbidden, { ...last, times: [1, 1] }];
  });
const groups: fc.Arbitrary<Group> = fc.record({
  stages: inGroup,
  after: contiguity,
  inner: contiguity,
  min: fc.integer({ min: 1, max: 2 }),
  max: fc.constantFrom(0, 1, Infinity),
  optional: fc.boolean(),
});
const grouped: fc.Arbitrary<Grouped> = fc
  .record({
    before: fc.array(stage, { maxLength: 1 }),
    group: groups.map((group) => ({ ...group, max: group.min + group.max })),
    behind: fc.array(stage, { maxLength: 1 }),
    within: fc.option(fc.integer({ min: 2, max: 15 }), { nil: undefined }),
  })
  // A pattern of which everything may be left out matches nothing at all, and says so nowhere.
  .filter(({ before, group, behind }) => !group.optional || before.length + behind.length > 0);

interface Builder extends Pattern<TaggedEvent, Record<string, readonly TaggedEvent[]>> {
  readonly [method: string]: unknown;
}
type Call = (...given: unknown[]) => Builder;

function call(on: unknown, method: string, ...given: unknown[]): Builder {
  return ((on as Record<string, Call>)[method] as Call)(...given);
}

function build({ before, group, behind, within }: Grouped): Builder {
  let name = 0;
  const add = (to: unknown, { tag: wanted, after, times: [min, max] = [1, 1], not: isNot }: FlinkStage) => {
    const condition = (event: TaggedEvent): boolean => wanted === '*' || event.tags.includes(wanted);
    if (isNot === true) return call(to, after, condition);
    name += 1;
    const isFirst = (to as { begin?: unknown }).begin !== undefined;
    const added = call(to, isFirst ? 'begin' : after, `s${name}`, condition);
    const repeated =
      max === null ? call(added, 'timesOrMore', min) : call(added, 'times', Math.max(min, 1), max);
    return min === 0 ? call(repeated, 'optional') : repeated;
  };
  const addAll = (to: unknown, stages: readonly FlinkStage[]): unknown =>
    stages.reduce<unknown>((built, one) => add(built, one), to);

  const start = addAll(pattern<TaggedEvent>(), before);
  const inner = addAll(pattern<TaggedEvent>(), group.stages);
  let built = call(start, before.length === 0 ? 'begin' : group.after, inner);
  built =
    group.max === Infinity
      ? call(built, 'timesOrMore', group.min)
      : call(built, 'times', group.min, group.max);
  if (group.optional) built = call(built, 'optional');
  if (group.inner === 'next') built = call(built, 'consecutive');
  if (group.inner === 'followedByAny') built = call(built, 'allowCombinations');
  built = addAll(built, behind) as Builder;
  return within === undefined ? built : call(built, 'within', within);
}

/** The matches of the pattern with the group written out, for every number of times that it may come. */
function naiveGroups({ before, group, behind, within }: Grouped, events: readonly TaggedEvent[]): string[] {
  const matches: string[] = [];
  for (let count = group.optional ? 0 : group.min; count <= Math.min(group.max, events.length); count += 1) {
    if (count > 0 && count < group.min) continue;
    const copies = Array.from({ length: count }, (_, copy) =>
      group.stages.map((one, at) =>
        at > 0 ? one : { ...one, after: copy === 0 ? group.after : group.inner },
      ),
    );
    const written = [...before, ...copies.flat(), ...behind];
    matches.push(
      ...naiveMatches({ pattern: written, ...(within !== undefined && { within_ms: within }) }, events),
    );
  }
  return matches;
}

describe('a group', () => {
  it('matches what it matches when it is written out, each number of times for itself', () => {
    fc.assert(
      fc.property(grouped, taggedEvents, (given, events) => {
        const time = (event: TaggedEvent): number => event.ts;
        const found = emissionsOf(
          from(events).pipe(
            matchPattern(build(given), { time, order: 'arrival' }),
            withoutWatermarks(),
            map(({ events: taken }) =>
              Object.values(taken)
                .flat()
                .toSorted((x, y) => x.ts - y.ts),
            ),
          ),
        ).map((taken) => taken.map(({ id }) => id).join(' '));

        expect(found.toSorted()).toEqual(naiveGroups(given, events).toSorted());
      }),
      { numRuns: 3_000 },
    );
  });

  const ab = pattern<Letter>().begin('a', is('a')).next('b', is('b'));

  it('takes its stages as often as told, one time after the other', () => {
    const sought = pattern<Letter>()
      .begin('start', is('s'))
      .next(ab)
      .oneOrMore()
      .consecutive()
      .next('end', is('e'));

    expect(matchesIn('sababe', sought)).toEqual(['start:s1 a:a2,a4 b:b3,b5 end:e6']);
    expect(matchesIn('saabe', sought)).toEqual([]);
    expect(matchesIn('se', sought)).toEqual([]);
  });

  it('may be left out as a whole', () => {
    const sought = pattern<Letter>().begin('start', is('s')).next(ab).optional().next('end', is('e'));

    expect(matchesIn('se sabe sae', sought)).toEqual(['start:s1 a: b: end:e2', 'start:s4 a:a5 b:b6 end:e7']);
  });

  it('may hold another', () => {
    const inner = pattern<Letter>().begin(ab).times(2).consecutive().next('c', is('c'));
    const sought = pattern<Letter>().begin(inner).times(2).consecutive();

    expect(matchesIn('ababcababc', sought)).toEqual(['a:a1,a3,a6,a8 b:b2,b4,b7,b9 c:c5,c10']);
    expect(matchesIn('ababcabc', sought)).toEqual([]);
  });

  it('can be skipped to by the name of a stage in it', () => {
    const sought = pattern<Letter>().begin(ab).times(2).skip({ toLast: 'a' });

    expect(matchesIn('ababab', sought)).toEqual(['a:a1,a3 b:b2,b4', 'a:a3,a5 b:b4,b6']);
  });

  it.each<[() => unknown, string]>([
    [() => pattern<Letter>().begin(ab.within(5)), 'within, skip, once and every are for the whole pattern'],
    [() => pattern<Letter>().begin(ab.once()), 'within, skip, once and every are for the whole pattern'],
    [
      () => pattern<Letter>().begin(pattern<Letter>().begin('x').optional()),
      'a group must begin with a stage',
    ],
    [() => pattern<Letter>().begin(ab.notNext(is('c'))), 'a group must not end with notNext'],
    [() => pattern<Letter>().begin(ab.absentFor(5, is('c')).next('d')), 'a group must not hold absentFor'],
    [() => pattern<Letter>().begin('a').next(ab), 'two stages of a pattern are named "a"'],
    [
      () => pattern<Letter>().begin(ab).greedy(),
      'greedy must come after a stage that takes events one by one',
    ],
    [
      () => pattern<Letter>().begin(ab).every('a'),
      'every goes by stages of the pattern; "a" is within a group',
    ],
    [() => matchPattern(pattern<Letter>().begin(ab).times(2_000)), 'a pattern has at most 2000 stages'],
  ])('is refused where it cannot be: %s', (make, message) => {
    expect(make).toThrow(message);
  });
});
