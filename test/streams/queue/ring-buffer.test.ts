import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RingBuffer } from '../../../streams/queue/ring-buffer.ts';
import { bytesInUse } from '../../support/heap.ts';

type Operation = 'pushBack' | 'pushFront' | 'popFront' | 'popBack' | 'clear';

const operation = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<Operation>('pushBack', 'pushFront') },
  { weight: 5, arbitrary: fc.constantFrom<Operation>('popFront', 'popBack') },
  { weight: 1, arbitrary: fc.constant<Operation>('clear') },
);

describe('RingBuffer', () => {
  it.each(['pushBack', 'pushFront'] as const)('grows with %s, and keeps all in order', (push) => {
    const ring = new RingBuffer<number>();
    ring.pushBack(-1);
    ring.popFront();
    for (let n = 0; n < 1_000; n += 1) ring[push](n);
    const pop = push === 'pushBack' ? 'popFront' : 'popBack';

    expect(Array.from({ length: 1_000 }, () => ring[pop]())).toEqual(
      Array.from({ length: 1_000 }, (_, n) => n),
    );
    expect(ring.size).toBe(0);
  });

  it('does what an array does, for every sequence of operations', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200, size: 'max' }), (operations) => {
        const ring = new RingBuffer<number>();
        const array: number[] = [];
        for (const [index, name] of operations.entries()) {
          if (name === 'pushBack') {
            ring.pushBack(index);
            array.push(index);
          } else if (name === 'pushFront') {
            ring.pushFront(index);
            array.unshift(index);
          } else if (name === 'popFront') {
            expect(ring.popFront()).toBe(array.shift());
          } else if (name === 'popBack') {
            expect(ring.popBack()).toBe(array.pop());
          } else {
            ring.clear();
            array.length = 0;
          }
          expect([ring.size, ring.peekFront()]).toEqual([array.length, array[0]]);
        }
      }),
    );
  });

  it('keeps its order when it grows with its head anywhere', () => {
    for (let head = 0; head < 16; head += 1) {
      const ring = new RingBuffer<number>();
      for (let i = 0; i < head; i += 1) ring.pushBack(-1);
      for (let i = 0; i < head; i += 1) ring.popFront();
      for (let i = 0; i < 40; i += 1) ring.pushBack(i);

      expect(Array.from({ length: 40 }, () => ring.popFront())).toEqual(
        Array.from({ length: 40 }, (_, i) => i),
      );
    }
  });

  it('keeps nothing alive that has left, from either end', () => {
    const ring = new RingBuffer<Uint8Array>();
    const before = bytesInUse();
    for (let i = 0; i < 10; i += 1) ring.pushBack(new Uint8Array(1 << 20));
    for (let i = 0; i < 5; i += 1) ring.popFront();
    for (let i = 0; i < 5; i += 1) ring.popBack();

    expect(bytesInUse() - before).toBeLessThan(1 << 20);
    expect(ring.size).toBe(0);
  });

  it.each(['popFront', 'popBack'] as const)('gives its memory back when %s empties it', (pop) => {
    const ring = new RingBuffer<number>();
    const before = bytesInUse();
    for (let i = 0; i < 1_000_000; i += 1) ring.pushBack(1);
    expect(bytesInUse() - before).toBeGreaterThan(4_000_000);
    for (let i = 0; i < 1_000_000; i += 1) ring[pop]();

    expect(bytesInUse() - before).toBeLessThan(500_000);
    expect(ring.size).toBe(0);
  });
});
