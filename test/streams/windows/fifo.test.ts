import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fifo } from '../../../streams/windows/fifo.ts';

describe('Fifo', () => {
  it('is a queue whose items can be looked at by place', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -120, max: 120 }), { maxLength: 20, size: 'max' }), (steps) => {
        const fifo = new Fifo<number>();
        const model: number[] = [];
        let next = 0;
        for (const step of steps) {
          for (let times = Math.abs(step); times > 0; times -= 1) {
            if (step > 0) {
              fifo.push(next);
              model.push(next);
              next += 1;
            } else {
              expect(fifo.shift()).toBe(model.shift());
            }
          }
          expect(fifo.size).toBe(model.length);
          expect([fifo.at(0), fifo.at(model.length - 1)]).toEqual([model[0], model.at(-1)]);
        }
      }),
    );
  });
});
