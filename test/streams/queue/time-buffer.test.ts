import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimeBuffer } from '../../../streams/queue/time-buffer.ts';
import { TimeHeap } from '../../../streams/queue/time-heap.ts';

interface Entry {
  readonly time: number;
  readonly order: number;
}

/** Pushes of a time, and takes. */
const actions = fc.array(fc.option(fc.integer({ min: 0, max: 9 }), { nil: 'take' as const, freq: 2 }), {
  maxLength: 60,
  size: 'max',
});

interface Queue {
  readonly size: number;
  readonly nextTime: number;
  push(time: number, entry: Entry): void;
}

/** Compares a queue with an array that is sorted at every step. */
function equalsSortedArray(
  queue: Queue,
  take: () => Entry | undefined,
  steps: readonly (number | 'take')[],
): void {
  let sorted: Entry[] = [];
  steps.forEach((step, order) => {
    if (step !== 'take') {
      queue.push(step, { time: step, order });
      sorted = [...sorted, { time: step, order }].toSorted((a, b) => a.time - b.time || a.order - b.order);
    } else if (sorted.length > 0) {
      expect(take()).toEqual(sorted.shift());
    }
    expect([queue.size, queue.nextTime]).toEqual([sorted.length, sorted[0]?.time ?? Infinity]);
  });
}

describe('TimeHeap', () => {
  it('gives the earliest, and of one time the one that came first', () => {
    fc.assert(
      fc.property(actions, (steps) => {
        const heap = new TimeHeap<Entry>();
        equalsSortedArray(heap, () => heap.pop(), steps);
      }),
    );
  });

  it('gives nothing when it is empty or has been cleared', () => {
    const heap = new TimeHeap<number>();
    heap.push(1, 1);
    heap.clear();

    expect([heap.pop(), heap.size, heap.nextTime]).toEqual([undefined, 0, Infinity]);
  });
});

describe('TimeBuffer', () => {
  it('gives the earliest, and of one time the one that came first', () => {
    fc.assert(
      fc.property(actions, (steps) => {
        const buffer = new TimeBuffer<Entry>();
        equalsSortedArray(buffer, () => buffer.shift(), steps);
      }),
      { numRuns: 1_000 },
    );
  });

  it('keeps its order when it lets go of what was taken', () => {
    const buffer = new TimeBuffer<number>();
    for (let time = 0; time < 5_000; time += 1) buffer.push(time, time);
    const taken = Array.from({ length: 4_000 }, () => buffer.shift());
    buffer.push(4_500, -1);

    expect(taken).toEqual(Array.from({ length: 4_000 }, (_, time) => time));
    expect([buffer.size, buffer.shift(), buffer.nextTime]).toEqual([1_001, 4_000, 4_001]);
    const rest = Array.from({ length: 1_000 }, () => buffer.shift());
    expect(rest.toSorted((a, b) => a - b)).toEqual([-1, ...Array.from({ length: 999 }, (_, n) => 4_001 + n)]);
    expect(rest.indexOf(-1)).toBe(500);
  });

  it('is as new when it has been cleared: any time may come first', () => {
    const buffer = new TimeBuffer<string>();
    buffer.push(9, 'late comer');
    buffer.push(5, 'early');
    buffer.clear();
    const empty = [buffer.size, buffer.nextTime];
    for (const time of [3, 1, 2]) buffer.push(time, `at ${time}`);

    expect(empty).toEqual([0, Infinity]);
    expect([buffer.shift(), buffer.shift(), buffer.shift()]).toEqual(['at 1', 'at 2', 'at 3']);
  });
});
