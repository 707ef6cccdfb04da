import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../../streams/cep/compile-pattern.ts';
import { deadlineOf, expireRuns } from '../../../streams/cep/expire-runs.ts';
import { MatchedKeys } from '../../../streams/cep/matched-keys.ts';
import { Matcher } from '../../../streams/cep/matcher.ts';
import { pattern } from '../../../streams/cep/pattern.ts';
import { RunTable } from '../../../streams/cep/run-table.ts';
import type { PatternSpec } from '../../../streams/cep/stage.ts';
import { none } from '../../../streams/queue/linked-lists.ts';
import { flinkPatterns, taggedEvents } from '../../support/flink-arbitraries.ts';
import { flinkPattern, type TaggedEvent } from '../../support/flink-patterns.ts';
import { is, type Letter, letterAt } from '../../support/letters.ts';

function tables<E>(spec: PatternSpec<E>, maxEvents = 100) {
  const program = compilePattern(spec);
  const keys = new MatchedKeys<E, string>();
  const runs = new RunTable<E>();
  return { program, keys, runs, matcher: new Matcher(program, maxEvents, keys, runs) };
}

/** The runs there are take an event before it is asked whether one begins, which fails at time 3. */
const touchy = pattern<Letter>()
  .begin('a', ({ what, time }) => {
    if (time === 3) throw new Error('no letter');
    return what === 'a';
  })
  .followedByAny('b', is('b'))
  .followedBy('c', is('c')).spec;

describe('the runs of all keys', () => {
  it('stand each in the row of one key, and nowhere once they are over', () =>
    fc.assert(
      fc.property(flinkPatterns, taggedEvents, taggedEvents, (given, one, other) => {
        const { program, keys, runs, matcher } = tables(flinkPattern(given).spec);
        const places = [keys.take('one', Infinity), keys.take('other', Infinity)];
        const rowOf = (key: number): number[] => {
          const row: number[] = [];
          for (let run = keys.first[key] ?? none; run !== none; run = runs.next[run] ?? none) row.push(run);
          return row;
        };
        const events = [
          ...one.map((event) => [places[0] ?? none, event] as const),
          ...other.map((event) => [places[1] ?? none, event] as const),
        ].toSorted(([, a], [, b]) => a.ts - b.ts);
        for (const [key, event] of events) {
          for (const place of places) {
            for (;;) {
              const at = deadlineOf(keys, runs, place, program.withinMs);
              if (at > event.ts) break;
              expireRuns(keys, runs, place, program, at, { completed: [], timedOut: [] });
            }
          }
          if (matcher.show(key, event, event.ts)) matcher.commit(key);

          const rows = places.map(rowOf);
          expect(rows.map((row) => row.length)).toEqual(places.map((place) => keys.runs[place]));
          expect(new Set(rows.flat()).size).toBe(runs.size);
        }
      }),
      { numRuns: 500 },
    ));

  it('are as before when a condition throws after the event has made some', () => {
    const { keys, runs, matcher } = tables(touchy);
    const key = keys.take('k', Infinity);
    const show = (time: number, what: string): void => {
      if (matcher.show(key, letterAt(time, what), time)) matcher.commit(key);
    };
    show(1, 'a');
    show(2, 'b');
    expect(runs.size).toBe(2);

    expect(() => show(3, 'b')).toThrow('no letter');
    expect(() => show(3, 'c')).toThrow('no letter');

    expect(runs.size).toBe(2);
    expect(keys.runs[key]).toBe(2);
    expect(matcher.completed).toEqual([]);
  });

  it('are not too long by an event that has failed', () => {
    const { keys, matcher } = tables(touchy, 2);
    const key = keys.take('k', Infinity);
    if (matcher.show(key, letterAt(1, 'a'), 1)) matcher.commit(key);

    expect(() => matcher.show(key, letterAt(3, 'b'), 3)).toThrow('no letter');
    expect(matcher.tooLong).toEqual([]);
    matcher.show(key, letterAt(4, 'b'), 4);
    expect(matcher.tooLong).toHaveLength(1);
  });

  it('give back the room that many of them took', () => {
    const { keys, runs, matcher, program } = tables(
      pattern<Letter>().begin('a', is('a')).followedBy('b', is('b')).within(10).spec,
    );
    const key = keys.take('k', Infinity);
    for (let round = 0; round < 3; round += 1) {
      const time = round * 100;
      for (let at = 0; at < 5_000; at += 1) {
        if (matcher.show(key, letterAt(time, 'a'), time)) matcher.commit(key);
      }
      expect(runs.size).toBe(5_000);
      expireRuns(keys, runs, key, program, time + 10, { completed: [], timedOut: [] });

      expect(runs.size).toBe(0);
      expect(runs.next.length).toBe(64);
    }
  });

  it('are of keys that are forgotten with their names', () => {
    const { keys } = tables(touchy);
    const key = keys.take('k', Infinity);
    keys.keep(key);
    keys.leave(key);

    expect([keys.nameOf(key), keys.find('k'), keys.isKnown(key), keys.size]).toEqual([
      undefined,
      none,
      false,
      0,
    ]);
  });

  it('hold no event once they are over', () => {
    const { keys, runs, matcher } = tables<TaggedEvent>(
      flinkPattern({
        pattern: [
          { name: 's0', tag: 'a', after: 'next' },
          { name: 's1', tag: 'b', after: 'next' },
        ],
      }).spec,
    );
    const key = keys.take('k', Infinity);
    for (const [index, tag] of ['a', 'b'].entries()) {
      const event = { id: tag, tags: [tag], ts: index };
      if (matcher.show(key, event, index)) matcher.commit(key);
    }

    expect(matcher.completed).toHaveLength(1);
    expect(runs.taken).toEqual([undefined]);
  });
});
