import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BreakerOptions } from '../../actors/breaker.ts';
import { createBreaker, type Breaker, type Permit } from '../../actors/create-breaker.ts';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';

const options: BreakerOptions = {
  windowSize: 4,
  minimumCalls: 2,
  resetTimeoutMs: 100,
  maxResetTimeoutMs: 800,
  jitter: 0.5,
  halfOpenCalls: 3,
  halfOpenTimeoutMs: 1_000,
};
const longestWaitMs = 800 * 1.5;

/** What happens before the handler heals. */
const deed = fc.oneof(
  { weight: 3, arbitrary: fc.record({ what: fc.constant('fail' as const) }) },
  { weight: 6, arbitrary: fc.record({ what: fc.constant('fail on' as const) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('succeed' as const) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('hang' as const) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('reset' as const) }) },
  { weight: 6, arbitrary: fc.record({ what: fc.constant('wait' as const), ms: fc.nat(1_300) }) },
);
type Deed = typeof deed extends fc.Arbitrary<infer Value> ? Value : never;

/** Does what is told; returns the calls that hang. */
function live(breaker: Breaker, clock: VirtualClock, deeds: readonly Deed[]): Permit[] {
  const hanging: Permit[] = [];
  for (const each of deeds) {
    if (each.what === 'wait') clock.advanceBySync(each.ms);
    else if (each.what === 'reset') breaker.reset();
    else if (each.what === 'fail on') failOn(breaker);
    else {
      const permit = breaker.tryAcquire();
      if (permit === undefined) continue;
      if (each.what === 'fail') permit.failed();
      else if (each.what === 'succeed') permit.ok();
      else hanging.push(permit);
    }
  }
  return hanging;
}

/** Fails as many calls as may start: the breaker opens, if it was not open. */
function failOn(breaker: Breaker): void {
  for (let permit = breaker.tryAcquire(); permit !== undefined; permit = breaker.tryAcquire())
    permit.failed();
}

/** Calls the healed handler as often as it may, one call at a time, until the breaker has closed. */
function callUntilClosed(breaker: Breaker, clock: VirtualClock, callMs: number): void {
  while (breaker.state !== 'closed') {
    const permit = breaker.tryAcquire();
    clock.advanceBySync(permit === undefined ? 1 : callMs);
    permit?.ok(callMs);
  }
}

describe('a breaker whose handler heals', () => {
  // Law I13. A half-open state that had seen failures may open once more before healthy trials close it.
  it('closes within one wait and the time of its trials, whatever went before', () => {
    fc.assert(
      fc.property(
        fc.array(deed, { maxLength: 60, size: 'max' }),
        fc.integer({ min: 1, max: 300 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (deeds, callMs, drawn) => {
          const clock = createVirtualClock({ now: 0 });
          const breaker = createBreaker(options, { clock, random: () => drawn });
          const hanging = live(breaker, clock, deeds);

          const healed = clock.monotonic();
          for (const permit of hanging) permit.ok();
          const trialsMs = 3 * callMs;
          const { state, until } = breaker.snapshot;
          callUntilClosed(breaker, clock, callMs);

          const bound =
            state === 'open' ? (until ?? 0) + trialsMs + 1 : healed + 2 * trialsMs + longestWaitMs + 1;
          expect(clock.monotonic()).toBeLessThanOrEqual(bound);
        },
      ),
    );
  });

  it('stays closed while no call fails', () => {
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 60, size: 'max' }), (deeds) => {
        const clock = createVirtualClock({ now: 0 });
        const breaker = createBreaker(options, { clock, random: () => 0.5 });
        live(
          breaker,
          clock,
          deeds.filter(({ what }) => !what.startsWith('fail')),
        );

        expect(breaker.state).toBe('closed');
      }),
    );
  });

  it('lets a call start once its longest wait is over, however often it opened and whatever hangs', () => {
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 60, size: 'max' }), (deeds) => {
        const clock = createVirtualClock({ now: 0 });
        const breaker = createBreaker(options, { clock, random: () => 0.999 });
        live(breaker, clock, deeds);
        // Closed, calls may hang without end; half-open, the trials that hang leave no permit.
        for (let trial = 0; trial < 3; trial += 1) breaker.tryAcquire();
        clock.advanceBySync(1_000 + longestWaitMs);

        expect(breaker.tryAcquire()).toBeDefined();
      }),
    );
  });
});
