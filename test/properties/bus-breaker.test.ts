import fc from 'fast-check';
import { createBus, defineEvent } from 'breakwater';
import { createVirtualClock, seededRandom } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { silentLogger } from '../support/bus-world.ts';

const call = defineEvent('service.called', z.object({ n: z.number() }));

/** How the service fares over time: for so long it works or not, and a call takes so long. */
const anyWeather = fc.array(
  fc.record({
    up: fc.boolean(),
    lastsMs: fc.integer({ min: 1, max: 3000 }),
    takesMs: fc.integer({ min: 0, max: 60 }),
  }),
  { minLength: 1, maxLength: 8 },
);

const anyBreaker = fc.record({
  minimumCalls: fc.integer({ min: 1, max: 6 }),
  windowSize: fc.integer({ min: 6, max: 20 }),
  halfOpenCalls: fc.integer({ min: 1, max: 4 }),
  resetTimeoutMs: fc.constant(500),
  maxResetTimeoutMs: fc.constant(1000),
});

describe('the breaker of a subscriber', () => {
  it('law 5, I12, I13: starts nothing while open, exactly n on trial, and closes once the handler heals', () =>
    fc.assert(
      fc.asyncProperty(
        anyWeather,
        anyBreaker,
        fc.integer({ min: 1, max: 5 }),
        fc.integer(),
        async (weather, breaker, concurrency, seed) => {
          const clock = createVirtualClock();
          const bus = createBus({
            clock,
            random: seededRandom(seed),
            logger: silentLogger,
            heartbeatMs: 86_400_000,
          });
          let now = weather[0];
          let trials = 0;
          const handled: number[] = [];
          const violations: string[] = [];
          const subscription = bus.subscribe(
            call,
            async ({ data: { n } }) => {
              const { breaker: state } = subscription.state;
              if (state === 'halfOpen') trials += 1;
              // Noted, not thrown: what a handler throws is only another failure.
              if (state === 'open' || trials > breaker.halfOpenCalls)
                violations.push(`${state}, trial ${trials}`);
              const { up, takesMs } = now ?? { up: true, takesMs: 0 };
              if (takesMs > 0) await new Promise<void>((resolve) => void clock.setTimeout(resolve, takesMs));
              if (!up) throw new Error('down');
              handled.push(n);
            },
            {
              name: 'service',
              concurrency,
              breaker,
              retry: { maxAttempts: Infinity, baseMs: 10, maxMs: 50 },
            },
          );
          subscription.state$.subscribe(() => {
            trials = 0;
          });

          let published = 0;
          for (const spell of weather) {
            now = spell;
            for (let n = 0; n < 5; n += 1) bus.emit(call, { n: published++ });
            await clock.advanceBy(spell.lastsMs);
          }
          now = { up: true, lastsMs: 0, takesMs: 1 };
          // Trials need demand: with fewer events than trials there is nothing to judge by.
          for (let n = 0; n < 20; n += 1) bus.emit(call, { n: published++ });
          await clock.advanceBy(120_000);

          expect(violations).toEqual([]);
          expect(subscription.state.breaker).toBe('closed');
          expect(handled.toSorted((a, b) => a - b)).toEqual(Array.from({ length: published }, (_, n) => n));
          expect(bus.deadLetters.size).toBe(0);
        },
      ),
      { numRuns: 150 },
    ));
});
