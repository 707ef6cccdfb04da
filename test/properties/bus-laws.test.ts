import fc from 'fast-check';
import type { Subscription, SubscriberOptions } from 'breakwater';
import {
  lawBoundedStarvation,
  lawDeterminism,
  lawIsolation,
  lawNoLoss,
  lawPerKeyOrder,
} from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import { anyOptions, anyStep, type Step } from '../support/arbitrary-plans.ts';
import { createBusWorld, timeoutMs, type BusWorld } from '../support/bus-world.ts';

/** Longer than all retries and timeouts of any plan together. */
const longMs = 60_000;

async function run(
  world: BusWorld,
  subscription: Subscription,
  steps: readonly Step[],
  check: () => void,
): Promise<void> {
  for (const step of steps) {
    if (step.do === 'publish') world.publish(step.plan);
    else if (step.do === 'advance') await world.clock.advanceBy(step.ms);
    else if (step.do === 'pause') subscription.pause();
    else subscription.resume();
    check();
  }
  subscription.resume();
  await world.clock.advanceBy(longMs);
  check();
}

/** Accepted = settled + waiting + running: nothing is lost and nothing is counted twice. */
function expectConservation({ bus, resolved }: BusWorld, subscription: Subscription): void {
  const { succeeded, deadLettered, dropped, filtered, running, queue } = subscription.stats();
  const known = succeeded + deadLettered + dropped + filtered + running + queue.size;
  expect(known).toBe(bus.stats().published + queue.blocked);
  expect(resolved.length).toBeLessThanOrEqual(known);
}

const cases = fc.record({
  options: anyOptions,
  steps: fc.array(anyStep, { maxLength: 60, size: 'max' }),
  seed: fc.integer(),
});

describe('the laws of a bus', () => {
  it('law 1, I5: every accepted event is handled, dead-lettered or counted as dropped', () =>
    lawNoLoss({}, { numRuns: 200 }));

  it('law 2, I1: events that share a key never overlap or swap, through retries, timeouts and pauses', () =>
    lawPerKeyOrder({}, { numRuns: 200 }));

  it('law 2: with total order no two events overlap or swap', () =>
    lawPerKeyOrder({}, { subscriber: { order: 'total' }, numRuns: 200 }));

  it('law 3, I10: the head of a lane starts after a bounded number of other starts', () =>
    lawBoundedStarvation({}, { numRuns: 100 }));

  it('law 4, I11: what waits never exceeds the capacity by more than the calls that ran', () =>
    fc.assert(
      fc.asyncProperty(cases, async ({ options, steps, seed }) => {
        const world = createBusWorld({ seed });
        const subscription = world.subscribe('worker', options);

        await run(world, subscription, steps, () => {
          const { queue } = subscription.stats();
          expect(queue.size - queue.blocked).toBeLessThanOrEqual(
            queue.capacity + (options.concurrency ?? 16),
          );
          if (options.mailbox?.overflow !== 'block') expect(queue.blocked).toBe(0);
        });
      }),
      { numRuns: 200 },
    ));

  it('I5 holds at every step while publishers never wait', () =>
    fc.assert(
      fc.asyncProperty(cases, async ({ options, steps, seed }) => {
        const world = createBusWorld({ seed });
        const roomy: SubscriberOptions = { ...options, mailbox: { ...options.mailbox, capacity: 1000 } };
        const subscription = world.subscribe('worker', roomy);

        await run(world, subscription, steps, () => expectConservation(world, subscription));
      }),
      { numRuns: 200 },
    ));

  it('I4, I14: no event is tried more often than maxAttempts, nor again once it succeeded', () =>
    fc.assert(
      fc.asyncProperty(cases, async ({ options, steps, seed }) => {
        const world = createBusWorld({ seed });
        const subscription = world.subscribe('worker', options);

        await run(world, subscription, steps, () => {});

        const attempts = new Map<number, number>();
        for (const { what, n, attempt } of world.moments) {
          if (what !== 'start') continue;
          expect(attempt).toBe((attempts.get(n) ?? 0) + 1);
          attempts.set(n, attempt);
        }
        expect(Math.max(0, ...attempts.values())).toBeLessThanOrEqual(
          options.retry === false ? 1 : (options.retry?.maxAttempts ?? 3),
        );
      }),
      { numRuns: 200 },
    ));

  it('I19: no handler starts while paused', () =>
    fc.assert(
      fc.asyncProperty(cases, async ({ options, steps, seed }) => {
        const world = createBusWorld({ seed });
        const subscription = world.subscribe('worker', options);
        let startsAtPause = 0;
        let paused = false;
        const starts = (): number => world.moments.filter(({ what }) => what === 'start').length;

        for (const step of steps) {
          if (step.do === 'publish') world.publish(step.plan);
          else if (step.do === 'advance') await world.clock.advanceBy(step.ms);
          else if (step.do === 'pause') {
            subscription.pause();
            if (!paused) startsAtPause = starts();
            paused = true;
          } else {
            subscription.resume();
            paused = false;
          }
          if (paused) expect(starts()).toBe(startsAtPause);
        }
      }),
      { numRuns: 200 },
    ));

  it('law 6, I28: what a neighbour does changes nothing of what a subscriber sees', () =>
    lawIsolation({}, { numRuns: 150 }));

  it('law 10: the same seed and the same steps give the same run', () =>
    lawDeterminism({}, { numRuns: 100 }));

  it('I20: after close nothing starts, nothing is lost, and closing again changes nothing', () =>
    fc.assert(
      fc.asyncProperty(
        cases,
        fc.integer({ min: 0, max: timeoutMs }),
        async ({ options, steps, seed }, deadlineMs) => {
          const world = createBusWorld({ seed });
          const subscription = world.subscribe('worker', options);
          for (const step of steps) {
            if (step.do === 'publish') world.publish(step.plan);
            else if (step.do === 'advance') await world.clock.advanceBy(step.ms);
          }

          const closing = world.bus.close({ deadlineMs });
          await world.clock.advanceBy(deadlineMs + 1);
          const report = await closing;
          const starts = world.moments.filter(({ what }) => what === 'start').length;
          const { succeeded, deadLettered, dropped, running, queue } = subscription.stats();
          await world.clock.advanceBy(longMs);

          expect(world.moments.filter(({ what }) => what === 'start').length).toBe(starts);
          expect({ running, waiting: queue.size }).toEqual({ running: 0, waiting: 0 });
          const total = steps.filter((step) => step.do === 'publish').length;
          expect(succeeded + deadLettered + dropped + world.bus.stats().failedPublishes).toBe(total);
          expect(await world.bus.close()).toEqual(report);
          expect(world.clock.pendingTimers).toBe(0);
        },
      ),
      { numRuns: 200 },
    ));
});
