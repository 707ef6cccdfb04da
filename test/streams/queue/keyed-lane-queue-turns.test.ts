import { describe, expect, it } from 'vitest';
import { KeyedLaneQueue } from '../../../streams/queue/keyed-lane-queue.ts';
import { LaneRounds } from '../../../streams/queue/lane-rounds.ts';

const [critical, high, low] = [0, 1, 3] as const;

function keyed(): KeyedLaneQueue<string> {
  const strict = new LaneRounds([Infinity, Infinity, Infinity, Infinity]);
  return new KeyedLaneQueue<string>(strict, undefined, false);
}

/** Takes all that may start; nothing is released. */
function takeAll(queue: KeyedLaneQueue<string>): string[] {
  const taken: string[] = [];
  for (let item = queue.take(0); item !== undefined; item = queue.take(0)) taken.push(item);
  return taken;
}

describe('the turn of a key', () => {
  it.each([
    ['as urgent', high],
    ['less urgent', low],
  ])('stays when another event of it comes, %s', (_name, lane) => {
    const queue = keyed();
    queue.push('a1', high, 'a', 0);
    queue.push('b1', high, 'b', 0);
    queue.push('a2', lane, 'a', 0);

    expect(takeAll(queue)).toEqual(['a1', 'b1']);
  });

  it('stays when an event behind its first is evicted', () => {
    const queue = keyed();
    queue.push('a1', high, 'a', 0);
    queue.push('b1', high, 'b', 0);
    queue.push('a2', high, 'a', 0);

    expect(queue.evictNewest(high)).toBe('a2');
    expect(takeAll(queue)).toEqual(['a1', 'b1']);
  });

  it('is at the end of the lane that is left to it when its urgent first is evicted', () => {
    const queue = keyed();
    queue.push('a urgent', critical, 'a', 0);
    queue.push('a low', low, 'a', 0);
    queue.push('c', critical, 'c', 0);
    queue.push('d', low, 'd', 0);

    expect(queue.evictOldest()).toBe('a urgent');
    expect(takeAll(queue)).toEqual(['c', 'd', 'a low']);
  });
});

describe('a key that runs', () => {
  it('starts nothing when one of its waiting events is evicted', () => {
    const queue = keyed();
    for (const item of ['a1', 'a2', 'a3']) queue.push(item, high, 'a', 0);
    queue.push('b1', high, 'b', 0);
    expect(queue.take(0)).toBe('a1');

    expect(queue.evictNewest(high)).toBe('b1');
    expect(queue.evictNewest(high)).toBe('a3');
    expect(takeAll(queue)).toEqual([]);
    queue.release('a');
    expect(takeAll(queue)).toEqual(['a2']);
  });

  it('keeps nobody else from starting when its event comes back', () => {
    const queue = keyed();
    queue.push('a1', critical, 'a', 0);
    queue.push('a2', critical, 'a', 0);
    queue.push('b1', critical, 'b', 0);
    queue.push('c1', critical, 'c', 0);
    expect(queue.take(0)).toBe('a1');
    queue.restore('a1', critical, 'a', 0);

    expect(takeAll(queue)).toEqual(['a1', 'b1', 'c1']);
    queue.release('a');
    expect(takeAll(queue)).toEqual(['a2']);
  });
});

describe('an event that came back', () => {
  it('goes before those that never left, though they were pushed earlier', () => {
    const queue = keyed();
    for (const item of ['a1', 'a2']) queue.push(item, high, 'a', 0);
    queue.push('b1', high, 'b', 0);
    expect([queue.take(0), queue.take(0)]).toEqual(['a1', 'b1']);
    queue.release('a');
    queue.restore('b1', high, 'b', 0);

    expect(takeAll(queue)).toEqual(['b1', 'a2']);
  });

  it('is the newest of its lane if it was pushed after what a running key holds back', () => {
    const queue = keyed();
    for (const item of ['a1', 'a2']) queue.push(item, high, 'a', 0);
    queue.push('b1', high, 'b', 0);
    expect([queue.take(0), queue.take(0)]).toEqual(['a1', 'b1']);
    queue.restore('b1', high, 'b', 0);

    expect([queue.evictNewest(high), queue.evictNewest(high)]).toEqual(['b1', 'a2']);
    expect(queue.size).toBe(0);
  });
});
