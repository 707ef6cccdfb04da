import { describe, expect, it } from 'vitest';
import { GradientLimit } from '../../../streams/operators/gradient-limit.ts';
import { createVirtualClock } from 'breakwater/testing';

/** A limit of at most 4, and how the next calls, each as many as may run, take their time. */
function limited(): {
  readonly limit: GradientLimit;
  readonly end: (calls: number, ms: number, failed?: boolean) => number;
} {
  const limit = new GradientLimit({
    clock: createVirtualClock({ now: 0 }),
    initial: 4,
    min: 1,
    max: 4,
    decrease: 0.5,
    tolerance: 1.5,
    changes: undefined,
  });
  return {
    limit,
    end: (calls, ms, failed = false) => {
      for (let call = 0; call < calls; call += 1) limit.ended(limit.started() - ms, limit.limit, failed);
      return limit.limit;
    },
  };
}

describe('GradientLimit', () => {
  it('halves the limit after 50 rounds, while those that ran end and for one round of its own', () => {
    const { end } = limited();

    expect([end(199, 10), end(1, 10)]).toEqual([4, 2]);
    expect([end(4, 10), end(1, 10), end(1, 10)]).toEqual([2, 2, 4]);
  });

  it('keeps what it knew where every call of the probe fails', () => {
    const { end } = limited();
    end(200, 10);
    end(4, 10);

    expect(end(2, 10, true)).toBe(4);
    expect(end(4 * 49, 10)).toBe(4);
  });

  it('shrinks by latency measured against the probe, not against a past that was better', () => {
    const { end } = limited();
    end(196, 10);
    expect(end(4, 100)).toBe(2);
    end(4, 100);
    end(2, 100);

    // A hundred is the new normal: it shrinks nothing.
    expect(end(4 * 40, 100)).toBe(4);
  });

  it('takes calls that need no time', () => {
    const { end } = limited();

    expect(end(4 * 20, 0)).toBe(4);
  });
});
