import { describe, expect, it } from 'vitest';
import { createLaneQueue, type LaneQueueOptions } from '../../../streams/queue/create-lane-queue.ts';

describe('createLaneQueue', () => {
  const refused: readonly (readonly [options: object, message: string])[] = [
    [{ strategy: 'fair' }, 'strategy must be one of weighted, strict, aged; got "fair"'],
    [{ order: 'keys' }, 'order must be one of none, key, total; got "keys"'],
    [{ agingMs: 0 }, 'agingMs must be a finite number above 0, got 0'],
    [{ agingMs: Number.NaN }, 'agingMs must be a finite number above 0, got NaN'],
    [{ agingMs: Infinity }, 'agingMs must be a finite number above 0, got Infinity'],
    [{ ceiling: 'top' }, 'priority must be one of critical (or urgent), high, normal, low; got "top"'],
    [{ weights: [8, 4, 2, 0] }, 'weights must be integers of at least 1, got 0'],
  ];

  it.each(refused)('refuses %j', (options, message) => {
    expect(() => createLaneQueue(options as LaneQueueOptions)).toThrow(message);
  });

  it('ignores keys unless order is asked for', () => {
    const queue = createLaneQueue<string>();
    queue.push('a1', 2, 'a', 0);
    queue.push('a2', 2, 'a', 0);

    expect([queue.take(0), queue.take(0)]).toEqual(['a1', 'a2']);
  });

  it('takes one event at a time where the order is total, in push order', () => {
    const queue = createLaneQueue<string>({ order: 'total' });
    queue.push('low', 3, undefined, 0);
    queue.push('urgent', 0, 'a', 0);

    expect([queue.take(0), queue.take(0)]).toEqual(['low', undefined]);
    queue.release(undefined);
    expect(queue.take(0)).toBe('urgent');
  });
});
