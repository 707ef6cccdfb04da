import { from, lastValueFrom, map, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { matchPattern } from '../../streams/operators/match-pattern.ts';
import { withWatermarks } from '../../streams/operators/with-watermarks.ts';
import { withoutWatermarks } from '../../streams/operators/without-watermarks.ts';
import { hasData, readJson } from '../support/data.ts';
import { type FlinkPattern, flinkPattern, type TaggedEvent } from '../support/flink-patterns.ts';

interface Vector extends FlinkPattern {
  readonly id: string;
  readonly events: readonly TaggedEvent[];
  readonly expected: readonly (readonly string[])[];
}

const file = 'cep-vectors/flink.json';
const vectors = hasData(file) ? (readJson(file) as Vector[]) : [];

function matchesOf({ events, ...given }: Vector, order: 'arrival' | 'event-time'): Promise<string[]> {
  const time = (event: TaggedEvent): number => event.ts;
  return lastValueFrom(
    from(events).pipe(
      withWatermarks({ time, boundMs: order === 'arrival' ? 1_000 : 0 }),
      matchPattern(flinkPattern(given), { time, order }),
      withoutWatermarks(),
      map((match) => Object.values(match.events).flat()),
      map((taken) => taken.map((event) => event.id).join(' ')),
      toArray(),
    ),
  );
}

describe.skipIf(vectors.length === 0)('the vectors of Flink', () => {
  it.each(vectors.map((vector) => [vector.id, vector] as const))('%s', async (_id, vector) => {
    const expected = vector.expected.map((ids) => ids.join(' ')).toSorted();

    expect((await matchesOf(vector, 'arrival')).toSorted()).toEqual(expected);
    expect((await matchesOf(vector, 'event-time')).toSorted()).toEqual(expected);
  });
});
