import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NumberRing } from '../../../streams/queue/number-ring.ts';
import { bytesInUse } from '../../support/heap.ts';

const operations = fc.array(fc.constantFrom('push', 'push', 'pop', 'clear'), { maxLength: 300, size: 'max' });

describe('NumberRing', () => {
  it('does what an array does, for every sequence of operations', () => {
    fc.assert(
      fc.property(operations, (plan) => {
        const ring = new NumberRing();
        const array: number[] = [];
        for (const [index, name] of plan.entries()) {
          if (name === 'push') {
            ring.pushBack(index / 2);
            array.push(index / 2);
          } else if (name === 'pop') {
            ring.popFront();
            array.shift();
          } else if (index % 5 === 0) {
            ring.clear();
            array.length = 0;
          }
          expect(ring.size).toBe(array.length);
          if (array.length > 0) expect(ring.front).toBe(array[0]);
        }
      }),
    );
  });

  it('keeps its order when it grows with its head anywhere', () => {
    for (let head = 0; head < 16; head += 1) {
      const ring = new NumberRing();
      for (let i = 0; i < head; i += 1) ring.pushBack(-1);
      for (let i = 0; i < head; i += 1) ring.popFront();
      for (let i = 0; i < 40; i += 1) ring.pushBack(i);
      const order = Array.from({ length: 40 }, () => {
        const { front } = ring;
        ring.popFront();
        return front;
      });

      expect(order).toEqual(Array.from({ length: 40 }, (_, i) => i));
    }
  });

  it('holds a number in 8 bytes, and gives the memory back when it runs empty', () => {
    const ring = new NumberRing();
    const before = bytesInUse();
    for (let i = 0; i < 500_000; i += 1) ring.pushBack(i / 2);
    expect((bytesInUse() - before) / 500_000).toBeLessThan(10);
    for (let i = 0; i < 500_000; i += 1) ring.popFront();

    expect(bytesInUse() - before).toBeLessThan(500_000);
    expect(ring.size).toBe(0);
  });
});
