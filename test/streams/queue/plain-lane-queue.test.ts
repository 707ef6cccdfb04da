import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLaneQueue } from '../../../streams/queue/create-lane-queue.ts';
import { bytesInUse } from '../../support/heap.ts';

const weights = [8, 4, 2, 1];
const sum = 15;

/** Arrivals and starts of a subscriber, in any order that bursts may bring: a lane arrives, or a start is due. */
const history = fc.array(fc.oneof(fc.nat(3), fc.constant('start' as const)), { maxLength: 600, size: 'max' });
const bursts = fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 40 }), fc.nat(60)), {
  maxLength: 12,
  size: 'max',
});

interface Waiting {
  readonly lane: number;
  /** How many of its lane waited, itself included, when it came. */
  readonly rank: number;
  /** Starts in lower lanes while it waited. */
  lowerStarts: number;
  /** Starts in other lanes since it became the head of its lane. */
  headWait: number;
}

/** Feeds a weighted queue, and gives the events in the order of their starts. */
function started(plan: readonly (number | 'start')[]): Waiting[] {
  const queue = createLaneQueue<Waiting>();
  const lanes: Waiting[][] = [[], [], [], []];
  const starts: Waiting[] = [];
  for (const step of plan) {
    if (step !== 'start') {
      const event = { lane: step, rank: queue.depth(step) + 1, lowerStarts: 0, headWait: 0 };
      lanes[step]?.push(event);
      queue.push(event, step, undefined, 0);
      continue;
    }
    const event = queue.take(0);
    if (event === undefined) continue;
    lanes[event.lane]?.shift();
    for (const [lane, waiting] of lanes.entries()) {
      if (lane < event.lane) for (const other of waiting) other.lowerStarts += 1;
      const [head] = waiting;
      if (head !== undefined && lane !== event.lane) head.headWait += 1;
    }
    starts.push(event);
  }
  return starts;
}

const plans = fc.oneof(
  history,
  bursts.map((all) =>
    all.flatMap(([lane, count, startCount]) => [
      ...Array.from({ length: count }, () => lane),
      ...starts(startCount),
    ]),
  ),
);

function starts(count: number): 'start'[] {
  return Array.from({ length: count }, () => 'start' as const);
}

describe('PlainLaneQueue', () => {
  it('lets the k-th waiting critical event wait for at most 7 · ⌈k / 8⌉ lower starts (I9)', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const critical = started(plan).filter(({ lane }) => lane === 0);
        expect(critical.filter(({ rank, lowerStarts }) => lowerStarts > 7 * Math.ceil(rank / 8))).toEqual([]);
      }),
    );
  });

  it('starts the head of lane i after at most 2 · (W − wᵢ) other starts (I10)', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const late = started(plan).filter(
          ({ lane, headWait }) => headWait > 2 * (sum - (weights[lane] ?? 0)),
        );
        expect(late).toEqual([]);
      }),
    );
  });

  it('comes to both bounds, and no further', () => {
    // One low event uses up the credit of low; what is left of that round, and the next, go before the second.
    const others = [0, 1, 2].flatMap((lane) => Array.from({ length: 40 }, () => lane));
    const low = started([3, 'start', 3, ...others, ...starts(60)]).findLast(({ lane }) => lane === 3);
    // Eight critical events use up the credits of critical; then all the lower ones go before the ninth.
    const full = [0, 1, 2, 3].flatMap((lane) => Array.from({ length: 8 }, () => lane));
    const critical = started([...full, ...starts(8), 0, ...starts(8)]).findLast(({ lane }) => lane === 0);

    expect(low?.headWait).toBe(28);
    expect(critical?.lowerStarts).toBe(7);
  });

  it('puts what came back in push order, whatever the order in which it came', () => {
    const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 });
    fc.assert(
      fc.property(order, (returns) => {
        const queue = createLaneQueue<number>();
        for (let item = 0; item < 9; item += 1) queue.push(item, 2, undefined, 0);
        const places = Array.from({ length: 6 }, () => {
          queue.take(0);
          return queue.takenPlace;
        });
        for (const item of returns) queue.restore(item, 2, undefined, 0, places[item]);

        expect(Array.from({ length: 9 }, () => queue.take(0))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
      }),
    );
  });

  it('puts what came back without its place behind what came back before, ahead of the rest', () => {
    const queue = createLaneQueue<string>();
    for (const item of ['a', 'b', 'c', 'd']) queue.push(item, 1, undefined, 0);
    const places = ['a', 'b', 'c'].map(() => {
      queue.take(0);
      return queue.takenPlace;
    });
    queue.restore('b', 1, undefined, 0, places[1]);
    queue.restore('c', 1, undefined, 0);
    queue.restore('a', 1, undefined, 0);

    expect(Array.from({ length: 4 }, () => queue.take(0))).toEqual(['b', 'c', 'a', 'd']);
  });

  it('keeps the order over all lanes when a lane grows with its head anywhere', () => {
    for (let head = 0; head < 16; head += 1) {
      const queue = createLaneQueue<number>({ strategy: 'aged', agingMs: 1_000, ceiling: 'critical' });
      for (let i = 0; i < head; i += 1) queue.push(-1, 3, undefined, 0);
      for (let i = 0; i < head; i += 1) queue.take(0);
      for (let i = 0; i < 80; i += 1) queue.push(i, 2 + (i % 2), undefined, i);

      // So late that all count as critical: only when and in what order they came is left to go by.
      expect(Array.from({ length: 80 }, () => queue.take(1e6))).toEqual(
        Array.from({ length: 80 }, (_, i) => i),
      );
    }
  });

  it('says that evicting the oldest has to be asked for', () => {
    const queue = createLaneQueue<string>();
    queue.push('a', 0, undefined, 0);

    expect(() => queue.evictOldest()).toThrow('evictOldest needs a queue made with evictsOldest: true');
  });

  it.each([
    ['8 bytes', {}, 8],
    ['16 bytes with sequence numbers', { evictsOldest: true }, 16],
    ['24 bytes with aging', { strategy: 'aged' }, 24],
  ] as const)('holds an event in %s, and gives the memory back', (_name, options, bytes) => {
    const count = 500_000;
    const queue = createLaneQueue<number>(options);
    const before = bytesInUse();
    for (let item = 0; item < count; item += 1) queue.push(1, 2, undefined, 0);
    const full = bytesInUse() - before;
    for (let item = 0; item < count; item += 1) queue.take(0);

    // 500 000 events lie in a ring of 524 288 slots; what the collector has to itself is small beside that.
    expect(full / count).toBeLessThan(bytes * 1.2);
    expect(bytesInUse() - before).toBeLessThan(500_000);
    expect(queue.size).toBe(0);
  });

  it('keeps no event alive that has left it', () => {
    const queue = createLaneQueue<Uint8Array>({ evictsOldest: true });
    const before = bytesInUse();
    for (let i = 0; i < 12; i += 1) queue.push(new Uint8Array(1 << 20), i & 3, undefined, 0);
    for (let i = 0; i < 4; i += 1) queue.restore(queue.take(0) ?? new Uint8Array(0), 0, undefined, 0);
    for (let i = 0; i < 4; i += 1) queue.take(0);
    for (let i = 0; i < 4; i += 1) queue.evictOldest();
    queue.clear();

    expect(bytesInUse() - before).toBeLessThan(1 << 20);
  });
});
