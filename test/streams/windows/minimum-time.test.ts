import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MinimumTime } from '../../../streams/windows/minimum-time.ts';

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('raise'), input: fc.nat(2), time: fc.nat(50) }),
    fc.record({ kind: fc.constant('silence'), input: fc.nat(2), time: fc.nat(50) }),
    fc.record({ kind: fc.constant('remove'), input: fc.nat(2), time: fc.nat(50) }),
  ),
  { maxLength: 40, size: 'max' },
);

describe('MinimumTime', () => {
  it('is the least of the inputs that count, and never goes back', () => {
    fc.assert(
      fc.property(steps, (steps) => {
        const minimum = new MinimumTime();
        const inputs = [0, 1, 2].map(() => ({
          input: minimum.add(),
          time: -Infinity,
          heard: true,
          active: true,
          gone: false,
        }));
        let expected = -Infinity;
        for (const { kind, input: at, time } of steps) {
          const one = inputs[at];
          if (one === undefined || one.gone) continue;
          if (kind === 'raise') {
            minimum.raise(one.input, time);
            one.time = Math.max(one.time, time);
            one.heard = true;
            one.active = true;
          } else if (kind === 'remove') {
            minimum.remove(one.input);
            one.gone = true;
          } else {
            const left = minimum.setAsideSilent();
            for (const other of inputs) {
              other.active = other.heard;
              other.heard = false;
            }
            expect(left).toBe(inputs.some(({ active, gone }) => active && !gone));
          }
          const active = inputs.filter(({ active, gone }) => active && !gone);
          if (active.length > 0) expected = Math.max(expected, Math.min(...active.map(({ time }) => time)));
          expect(minimum.time).toBe(expected);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
