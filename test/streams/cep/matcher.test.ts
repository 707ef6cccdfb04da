import fc from 'fast-check';
import { from, lastValueFrom, map, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { matchPattern } from '../../../streams/operators/match-pattern.ts';
import { withWatermarks } from '../../../streams/operators/with-watermarks.ts';
import { withoutWatermarks } from '../../../streams/operators/without-watermarks.ts';
import { flinkPatterns, taggedEvents } from '../../support/flink-arbitraries.ts';
import { type FlinkPattern, flinkPattern, type TaggedEvent } from '../../support/flink-patterns.ts';
import { naiveMatches } from '../../support/naive-matcher.ts';

const time = (event: TaggedEvent): number => event.ts;

function matchesOf(given: FlinkPattern, events: readonly TaggedEvent[], boundMs = 0): Promise<string[]> {
  return lastValueFrom(
    from(events).pipe(
      withWatermarks({ time, boundMs }),
      matchPattern(flinkPattern(given), { time }),
      withoutWatermarks(),
      map((match) => Object.values(match.events).flat()),
      map((taken) => taken.map((event) => event.id).join(' ')),
      toArray(),
    ),
  );
}

describe('the matcher', () => {
  it('finds what trying every assignment of events finds', () =>
    fc.assert(
      fc.asyncProperty(flinkPatterns, taggedEvents, async (given, events) => {
        const found = await matchesOf(given, events);

        expect(found.toSorted()).toEqual(naiveMatches(given, events).toSorted());
      }),
      { numRuns: 1_500 },
    ));

  it('skips what skipping through the list of all matches skips', () => {
    const endsWithStage = flinkPatterns.filter(({ pattern }) => pattern.at(-1)?.not !== true);
    const skips = fc.constantFrom<FlinkPattern['skip'] & object>(
      { mode: 'next' },
      { mode: 'pastLast' },
      { mode: 'toFirst', to: 's0' },
      { mode: 'toLast', to: 's0' },
    );
    return fc.assert(
      fc.asyncProperty(endsWithStage, skips, taggedEvents, async (given, skip, events) => {
        const skipping = { ...given, skip };

        expect(await matchesOf(skipping, events)).toEqual(naiveMatches(skipping, events));
      }),
      { numRuns: 1_000 },
    );
  });

  it('finds the same in the same order however events are shuffled within the bound', () => {
    const shuffled = fc.tuple(taggedEvents, fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 7 }));
    return fc.assert(
      fc.asyncProperty(flinkPatterns, shuffled, async (given, [events, delays]) => {
        const arrival = (event: TaggedEvent): number => event.ts + (delays[Number(event.id)] ?? 0);
        const arrived = events.toSorted((a, b) => arrival(a) - arrival(b));

        expect(await matchesOf(given, arrived, 6)).toEqual(await matchesOf(given, events));
      }),
      { numRuns: 500 },
    );
  });
});
