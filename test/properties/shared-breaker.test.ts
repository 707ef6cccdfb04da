import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  breakerWorld,
  leaseMs,
  Line,
  openMs,
  pollMs,
  states,
  type BreakerMember,
} from '../support/breaker-world.ts';

type Step =
  | { readonly what: 'wait'; readonly ms: number }
  | { readonly what: 'call'; readonly who: number; readonly ok: boolean }
  | { readonly what: 'trip' | 'reset' | 'stop' | 'goOn' | 'cut' | 'heal'; readonly who: number };

const members = 4;
const who = fc.nat(members - 1);
const wait = fc.record({ what: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 1500 }) });
const call = fc.record({ what: fc.constant('call' as const), who, ok: fc.boolean() });
const trip = fc.record({ what: fc.constantFrom('trip' as const, 'trip' as const, 'reset' as const), who });
const stall = fc.record({ what: fc.constantFrom('stop' as const, 'goOn' as const), who });
const outage = fc.record({ what: fc.constantFrom('cut' as const, 'heal' as const), who });
/** Milliseconds from here to the store or back. */
const delays = fc.infiniteStream(fc.integer({ min: 1, max: 40 }));
const roundTripMs = 80;

function stepsOf(...others: fc.Arbitrary<Step>[]): fc.Arbitrary<readonly Step[]> {
  const step: fc.Arbitrary<Step> = fc.oneof(wait, wait, call, trip, ...others);
  return fc.array(step, { minLength: 5, maxLength: 80, size: 'max' });
}

function play(step: Step, members: readonly BreakerMember[]): void {
  const member = step.what === 'wait' ? undefined : members[step.who];
  if (member === undefined) return;
  const { process, line, actor } = member;
  if (step.what === 'stop') process.stop();
  else if (step.what === 'goOn') process.goOn();
  else if (step.what === 'cut') line.cut = true;
  else if (step.what === 'heal') line.cut = false;
  else if (process.stopped) return;
  else if (step.what === 'trip') member.trip();
  else if (step.what === 'reset') actor.send({ type: 'reset' });
  else if (step.what === 'call') member.call(step.ok);
}

function worldOf(times: Iterator<number>) {
  const world = breakerWorld();
  const line = (): Line => new Line(() => times.next().value ?? 1);
  return { ...world, all: Array.from({ length: members }, (_, at) => world.join(`m${at}`, line())) };
}

describe('subscribers that share a breaker', () => {
  it('never make trials two at once, however long their processes stand still', async () => {
    let probed = 0;
    await fc.assert(
      fc.asyncProperty(stepsOf(stall), delays, async (steps, times) => {
        const { clock, all } = worldOf(times);
        const check = (): void => {
          const trying = all.filter(({ state, process }) => state === 'halfOpen' && !process.stopped);
          expect(trying.map(({ name }) => name).slice(1)).toEqual([]);
          probed += trying.length;
        };
        for (const step of steps) {
          if (step.what !== 'wait') play(step, all);
          else
            for (let left = step.ms; left > 0; left -= 25) {
              await clock.advanceBy(Math.min(left, 25));
              check();
            }
          check();
        }
      }),
      { numRuns: 40 },
    );
    expect(probed).toBeGreaterThan(50);
  });

  it('all open within a look of one that opens, and none calls before', async () => {
    await fc.assert(
      fc.asyncProperty(stepsOf(), delays, who, async (steps, times, first) => {
        const { clock, all } = worldOf(times);
        for (const step of steps) {
          if (step.what === 'wait') await clock.advanceBy(step.ms);
          else play(step, all);
        }
        for (const { actor } of all) actor.send({ type: 'reset' });
        await clock.advanceBy(3 * (pollMs + roundTripMs));
        expect(new Set(states(all))).toEqual(new Set(['closed']));
        all[first]?.trip();
        await clock.advanceBy(2 * roundTripMs + pollMs + roundTripMs);

        expect(new Set(states(all))).toEqual(new Set(['open']));
      }),
      { numRuns: 40 },
    );
  });

  it('all close in the end when calls succeed again, whatever was cut and stopped before', async () => {
    await fc.assert(
      fc.asyncProperty(stepsOf(stall, outage), delays, async (steps, times) => {
        const { clock, all, record } = worldOf(times);
        for (const step of steps) {
          if (step.what === 'wait') await clock.advanceBy(step.ms);
          else play(step, all);
        }
        for (const { process, line } of all) {
          line.cut = false;
          process.goOn();
        }
        const longestMs = 4 * openMs + 3 * leaseMs;
        for (let passedMs = 0; passedMs < 2 * longestMs; passedMs += 50) {
          for (const member of all) member.call(true);
          await clock.advanceBy(50);
        }

        expect(new Set(states(all))).toEqual(new Set(['closed']));
        expect((await record())?.['state'] ?? 'closed').toBe('closed');
      }),
      { numRuns: 40 },
    );
  });

  it('each goes on alone, with trials when its open time is over, while the store is away', async () => {
    await fc.assert(
      fc.asyncProperty(stepsOf(stall, outage), delays, who, async (steps, times, first) => {
        const { clock, all } = worldOf(times);
        for (const step of steps) {
          if (step.what === 'wait') await clock.advanceBy(step.ms);
          else play(step, all);
        }
        for (const { process, line } of all) {
          line.cut = true;
          process.goOn();
        }
        all[first]?.trip();
        const longestMs = 4 * openMs + leaseMs + 4 * pollMs;
        for (let passedMs = 0; passedMs < 2 * longestMs; passedMs += 50) {
          for (const member of all) member.call(true);
          await clock.advanceBy(50);
        }

        expect(new Set(states(all))).toEqual(new Set(['closed']));
      }),
      { numRuns: 25 },
    );
  });
});
