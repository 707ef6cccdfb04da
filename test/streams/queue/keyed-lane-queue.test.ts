import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLaneQueue } from '../../../streams/queue/create-lane-queue.ts';
import { KeyedLaneQueue } from '../../../streams/queue/keyed-lane-queue.ts';
import { LaneRounds } from '../../../streams/queue/lane-rounds.ts';
import { bytesInUse } from '../../support/heap.ts';
import { KeyedChecker, type KeyedStep } from '../../support/keyed-checker.ts';
import { aMillion } from '../../support/a-million.ts';

const lane = fc.nat(3);
/** Few keys, so that they meet; some that objects used as maps would choke on. */
const key = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', '', undefined);
const which = fc.nat(9);
const steps: fc.Arbitrary<KeyedStep[]> = fc.array(
  fc.oneof(
    { weight: 9, arbitrary: fc.record({ do: fc.constant('push' as const), lane, key }) },
    { weight: 6, arbitrary: fc.constant({ do: 'take' as const }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('release' as const), which }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('restore' as const), which }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('evictNewest' as const), lane }) },
    { weight: 1, arbitrary: fc.constant({ do: 'evictOldest' as const }) },
  ),
  { maxLength: 250, size: 'max' },
);

describe.each(['weighted', 'strict', 'aged'] as const)('KeyedLaneQueue, %s', (strategy) => {
  it.each(['key', 'total'] as const)('holds its laws in order %s, for every history', (order) => {
    fc.assert(
      fc.property(steps, (plan) => {
        const checker = new KeyedChecker(createLaneQueue({ strategy, order, agingMs: 5 }), strategy, order);
        for (const step of plan) checker.do(step);
        checker.drain();

        expect(checker.violations).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});

function keyed(weights: readonly [number, number, number, number] = [8, 4, 2, 1]): KeyedLaneQueue<string> {
  return new KeyedLaneQueue<string>(new LaneRounds(weights), undefined, false);
}

describe('KeyedLaneQueue', () => {
  it('runs the events of a key one at a time, in push order', () => {
    const queue = keyed();
    for (const item of ['a1', 'a2', 'a3']) queue.push(item, 2, 'a', 0);

    expect([queue.take(0), queue.take(0)]).toEqual(['a1', undefined]);
    queue.release('a');
    expect([queue.take(0), queue.take(0)]).toEqual(['a2', undefined]);
  });

  it('lifts the predecessors of an urgent event into its lane', () => {
    const queue = keyed();
    queue.push('a low', 3, 'a', 0);
    for (const item of ['b', 'c', 'd']) queue.push(item, 1, undefined, 0);
    queue.push('a critical', 0, 'a', 0);

    expect([queue.take(0), queue.takenLane]).toEqual(['a low', 3]);
    queue.release('a');
    expect([queue.take(0), queue.takenLane]).toEqual(['a critical', 0]);
    expect(queue.take(0)).toBe('b');
  });

  it('lifts no key that runs, and lets its urgent event go first afterwards', () => {
    const queue = keyed();
    queue.push('a1', 3, 'a', 0);
    queue.take(0);
    queue.push('a2', 0, 'a', 0);
    queue.push('b', 1, 'b', 0);

    expect([queue.take(0), queue.take(0)]).toEqual(['b', undefined]);
    queue.release('a');
    expect(queue.take(0)).toBe('a2');
  });

  it('lets keys of a lane take turns, however many events one of them has', () => {
    const queue = keyed();
    for (let i = 0; i < 100; i += 1) queue.push('hot', 2, 'hot', 0);
    for (const item of ['x', 'y', 'z']) queue.push(item, 2, item, 0);
    const order: (string | undefined)[] = [];
    for (let i = 0; i < 5; i += 1) {
      const item = queue.take(0);
      queue.release(item);
      order.push(item);
    }

    expect(order).toEqual(['hot', 'x', 'y', 'z', 'hot']);
  });

  it('puts a restored event before all of its lane, first of its key', () => {
    const queue = keyed();
    for (const item of ['a1', 'a2']) queue.push(item, 2, 'a', 0);
    queue.push('b', 2, 'b', 0);
    queue.take(0);
    queue.restore('a1', 2, 'a', 0, queue.takenPlace);

    expect([queue.take(0), queue.take(0)]).toEqual(['a1', 'b']);
    queue.release('a');
    expect(queue.take(0)).toBe('a2');
  });

  it('lets a restored event inherit the urgency of what waits behind it', () => {
    const queue = keyed([Infinity, Infinity, Infinity, Infinity]);
    queue.push('a low', 3, 'a', 0);
    queue.take(0);
    queue.push('b', 1, 'b', 0);
    queue.push('a critical', 0, 'a', 0);
    queue.restore('a low', 3, 'a', 0, queue.takenPlace);

    expect(queue.take(0)).toBe('a low');
  });

  it('lowers a key again when the event that lifted it is evicted', () => {
    const queue = keyed([Infinity, Infinity, Infinity, Infinity]);
    queue.push('a low', 3, 'a', 0);
    queue.push('a critical', 0, 'a', 0);
    queue.push('b', 2, 'b', 0);

    expect(queue.evictNewest(0)).toBe('a critical');
    expect([queue.take(0), queue.take(0)]).toEqual(['b', 'a low']);
  });

  it('lets a key keep its turn when its first event is evicted', () => {
    const queue = keyed();
    for (const item of ['a1', 'a2', 'b1']) queue.push(item, 2, item.charAt(0), 0);

    expect(queue.evictOldest()).toBe('a1');
    expect([queue.take(0), queue.take(0)]).toEqual(['a2', 'b1']);
  });

  it('runs one event of a key at a time even if one comes back after its key was released', () => {
    const queue = keyed();
    for (const item of ['a1', 'a2']) queue.push(item, 2, 'a', 0);
    queue.take(0);
    queue.release('a');
    queue.restore('a1', 2, 'a', 0, queue.takenPlace);

    expect([queue.take(0), queue.take(0)]).toEqual(['a1', undefined]);
  });

  it('keeps no event alive that has left it', () => {
    const queue = createLaneQueue<Uint8Array>({ order: 'key' });
    const before = bytesInUse();
    for (let i = 0; i < 12; i += 1) queue.push(new Uint8Array(1 << 20), i & 3, `key ${i % 5}`, 0);
    for (let i = 0; i < 4; i += 1) queue.take(0);
    for (let i = 0; i < 4; i += 1) queue.evictOldest();
    queue.clear();

    expect(bytesInUse() - before).toBeLessThan(1 << 20);
    expect(queue.size).toBe(0);
  });

  it('takes no notice of the release of a key that does not run', () => {
    const queue = keyed();
    queue.release('a');
    queue.push('a1', 2, 'a', 0);
    queue.release('a');
    queue.take(0);
    queue.push('a2', 2, 'a', 0);
    queue.release(undefined);

    expect(queue.take(0)).toBeUndefined();
    expect(queue.keys).toBe(1);
  });

  it('keeps what waiting has earned a key when an urgent event lifts it', () => {
    const queue = createLaneQueue<string>({
      order: 'key',
      strategy: 'aged',
      agingMs: 10,
      ceiling: 'critical',
    });
    queue.push('a low', 3, 'a', 0);
    queue.push('a normal', 2, 'a', 9);
    // In low it would have counted as high at 20; in normal, since 9 alone, it would not.
    queue.push('b high', 1, 'b', 20);

    expect(queue.take(20)).toBe('a low');
  });

  it('counts age from when an event could have started, not while its key was closed', () => {
    const queue = createLaneQueue<string>({
      order: 'key',
      strategy: 'aged',
      agingMs: 10,
      ceiling: 'critical',
    });
    queue.push('a1', 3, 'a', 0);
    queue.push('a2', 3, 'a', 0);
    queue.take(0);
    queue.push('b', 2, 'b', 100);
    queue.release('a');

    expect(queue.take(109)).toBe('b');
  });

  it('forgets a million keys that came and went', { timeout: 60_000 }, () => {
    const queue = new KeyedLaneQueue<number>(new LaneRounds([8, 4, 2, 1]), undefined, false);
    const before = bytesInUse();
    for (let i = 0; i < aMillion; i += 1) queue.push(i, i & 3, `key ${i}`, 0);
    expect(queue.keys).toBe(aMillion);
    for (let item = queue.take(0); item !== undefined; item = queue.take(0)) queue.release(`key ${item}`);

    expect([queue.size, queue.keys]).toEqual([0, 0]);
    expect(bytesInUse() - before).toBeLessThan(1_000_000);
    // The small tables that are left work as the first ones did.
    for (let i = 0; i < 200; i += 1) queue.push(i, 2, `key ${i % 100}`, 0);
    const order = Array.from({ length: 200 }, () => {
      const item = queue.take(0);
      queue.release(`key ${(item ?? 0) % 100}`);
      return item;
    });
    expect(order).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  it('holds an event in 80 bytes at most, and gives the memory back though a key runs on', () => {
    const count = 500_000;
    const queue = keyed();
    queue.push('running', 2, 'a', 0);
    queue.take(0);
    const before = bytesInUse();
    for (let i = 0; i < count; i += 1) queue.push('event', 2, i % 2 === 0 ? 'a' : undefined, 0);

    expect((bytesInUse() - before) / count).toBeLessThan(80);
    queue.clear();
    expect([queue.size, queue.keys]).toEqual([0, 1]);
    expect(bytesInUse() - before).toBeLessThan(500_000);
  });

  it('keeps running keys closed when it is cleared', () => {
    const queue = keyed();
    queue.push('a1', 2, 'a', 0);
    queue.push('a2', 2, 'a', 0);
    queue.take(0);

    expect(queue.clear()).toEqual(['a2']);
    queue.push('a3', 2, 'a', 0);
    expect(queue.take(0)).toBeUndefined();
    queue.release('a');
    expect(queue.take(0)).toBe('a3');
  });
});
