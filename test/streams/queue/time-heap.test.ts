import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimeHeap } from '../../../streams/queue/time-heap.ts';

describe('TimeHeap', () => {
  it('gives the earliest first, of one time the first that went in, whatever comes between', () => {
    const steps = fc.array(fc.option(fc.nat(9), { nil: undefined }), { maxLength: 100, size: 'max' });
    fc.assert(
      fc.property(steps, (pushes) => {
        const heap = new TimeHeap<number>();
        let model: { readonly time: number; readonly value: number }[] = [];
        for (const [value, time] of pushes.entries()) {
          if (time === undefined) {
            const [first, ...rest] = model;
            expect(heap.pop()).toBe(first?.value);
            model = rest;
          } else {
            heap.push(time, value);
            model = [...model, { time, value }].toSorted((a, b) => a.time - b.time);
          }
          expect(heap.size).toBe(model.length);
          expect(heap.nextTime).toBe(model[0]?.time ?? Infinity);
          expect(heap.peek()).toBe(model[0]?.value);
        }
      }),
    );
  });
});
