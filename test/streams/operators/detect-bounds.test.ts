import { from, map, type OperatorFunction } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  detectAbsence,
  detectCount,
  detectSequence,
  type PartialEvents,
  type Watermark,
  withoutWatermarks,
} from 'breakwater/streams';
import { is, type Letter, letters } from '../../support/letters.ts';
import { emissionsOf } from '../../support/run-pipeline.ts';

type Part = PartialEvents<Letter, undefined>;
type Bounds = {
  readonly order: 'arrival';
  readonly maxPartials?: number;
  readonly evicted?: { next(part: Part): void };
};
type Detect = (bounds: Bounds) => OperatorFunction<Letter | Watermark, { readonly id: string } | Watermark>;

/** Each short form, letters in which it finds something, its id, and letters that make two runs, one evicted. */
const forms: readonly (readonly [string, Detect, string, string, string, readonly number[]])[] = [
  ['detectSequence', (bounds) => detectSequence([is('a'), is('b')], bounds), 'ab', '#0:1;1:2', 'aa', [1]],
  [
    'detectCount',
    (bounds) => detectCount(is('a'), { ...bounds, count: 3, withinMs: 9 }),
    'aaa',
    '#0:1,2,3',
    'aa',
    [1, 2],
  ],
  [
    'detectAbsence',
    (bounds) => detectAbsence(is('b'), { ...bounds, forMs: 9, after: is('a') }),
    'a         x',
    '#0:1',
    'aa',
    [1],
  ],
];

const found = (detect: Detect, text: string, bounds: Partial<Bounds> = {}): string[] =>
  emissionsOf(
    from(letters(text)).pipe(
      detect({ order: 'arrival', ...bounds }),
      withoutWatermarks(),
      map(({ id }) => id),
    ),
  );

describe.each(forms)('%s', (name, detect, text, id, crowd, lost) => {
  it('gives what it finds an id that begins with its name', () => {
    expect(found(detect, text)).toEqual([`${name}/${id}`]);
  });

  it('puts a run beyond maxPartials out, its events in one row, or ends', () => {
    const evicted: unknown[] = [];
    const next = ({ events, reason }: Part): unknown => evicted.push([events.map((e) => e.time), reason]);
    found(detect, crowd, { maxPartials: 1, evicted: { next } });

    expect(evicted).toEqual([[lost, 'evicted']]);
    expect(() => found(detect, crowd, { maxPartials: 1 })).toThrow(
      /^matchPattern reached maxPartials 1; narrow/u,
    );
  });
});

describe('detectSequence', () => {
  it('gives the events of any number of conditions in the order of their time', () => {
    const steps = 'abcdefghijkl'.split('').map((what) => is(what));
    const rows = from(letters('abcdefghijkl')).pipe(
      detectSequence(steps, { order: 'arrival' }),
      withoutWatermarks(),
      map(({ events }) => events.map(({ what }) => what).join('')),
    );

    expect(emissionsOf(rows)).toEqual(['abcdefghijkl']);
  });
});

describe('detectCount', () => {
  it('has room for as many runs as events that it counts, whatever the count', () => {
    const many = Array.from({ length: 1_002 }, (_, time) => ({ what: 'a', time }));
    const counting = detectCount(is('a'), {
      count: 1_002,
      withinMs: 1e6,
      order: 'arrival',
      overlapping: true,
    });

    expect(emissionsOf(from(many).pipe(counting))).toHaveLength(1);
  });
});
