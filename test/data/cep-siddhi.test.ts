import { concat, map, NEVER, type Observable, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { PatternMatch } from '../../streams/cep/match.ts';
import { matchPattern } from '../../streams/operators/match-pattern.ts';
import { Watermark } from '../../streams/operators/watermark.ts';
import { withoutWatermarks } from '../../streams/operators/without-watermarks.ts';
import { hasData, readJson } from '../support/data.ts';
import { type SiddhiPattern, siddhiPattern, type StreamEvent } from '../support/siddhi-patterns.ts';

type Names = Readonly<Record<string, readonly string[]>>;

interface Vector extends SiddhiPattern {
  readonly id: string;
  readonly events: readonly StreamEvent[];
  readonly advance_to_ms: number;
  readonly expected: readonly Names[];
}

const file = 'cep-vectors/siddhi.json';
const vectors = hasData(file) ? (readJson(file) as Vector[]) : [];

function matchesOf(vector: Vector, order: 'arrival' | 'event-time'): string[] {
  // The source stays open: its end would let all time pass.
  const input = concat(
    of(new Watermark(0), ...vector.events, new Watermark(vector.advance_to_ms + 1)),
    NEVER,
  );
  const matches = input.pipe(
    matchPattern(siddhiPattern(vector), { time: (event) => event.ts, order }),
    withoutWatermarks(),
    map(boundIds),
  );
  return collect(matches);
}

function boundIds({ events }: PatternMatch<Readonly<Record<string, readonly StreamEvent[]>>>): string {
  const named = Object.entries(events).filter(([, taken]) => taken.length > 0);
  return describeIds(Object.fromEntries(named.map(([name, taken]) => [name, taken.map(({ id }) => id)])));
}

function describeIds(names: Names): string {
  return Object.entries(names)
    .map(([name, ids]) => `${name}: ${ids.join(' ')}`)
    .toSorted()
    .join('; ');
}

function collect<T>(source: Observable<T>): T[] {
  const values: T[] = [];
  source.subscribe((value) => values.push(value)).unsubscribe();
  return values;
}

describe.skipIf(vectors.length === 0)('the vectors of Siddhi', () => {
  it.each(vectors.map((vector) => [vector.id, vector] as const))('%s', (_id, vector) => {
    const expected = vector.expected.map(describeIds).toSorted();

    expect(matchesOf(vector, 'arrival').toSorted()).toEqual(expected);
    expect(matchesOf(vector, 'event-time').toSorted()).toEqual(expected);
  });
});
