import fc from 'fast-check';
import type { Subscription, SubscriberOptions } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { anyOptions, anyPlan, anyStep, type Step } from '../support/arbitrary-plans.ts';
import { createBusWorld, timeoutMs, type BusWorld, type Moment } from '../support/bus-world.ts';

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
    fc.assert(
      fc.asyncProperty(cases, async ({ options, steps, seed }) => {
        const world = createBusWorld({ seed });
        const subscription = world.subscribe('worker', options);
        const total = steps.filter((step) => step.do === 'publish').length;

        await run(world, subscription, steps, () => {});

        const { succeeded, deadLettered, dropped, queue, running } = subscription.stats();
        const { failedPublishes } = world.bus.stats();
        expect({ waiting: queue.size, running }).toEqual({ waiting: 0, running: 0 });
        expect(succeeded + deadLettered + dropped + failedPublishes).toBe(total);
        expect(world.resolved.length).toBe(total - failedPublishes);
        expect(world.bus.deadLetters.size).toBe(deadLettered);
      }),
      { numRuns: 300 },
    ));

  it('law 2, I1: events that share a key never overlap or swap, through retries, timeouts and pauses', () =>
    fc.assert(
      fc.asyncProperty(cases, async ({ options, steps, seed }) => {
        const world = createBusWorld({ seed });
        const subscription = world.subscribe('worker', { ...options, order: 'key' });

        await run(world, subscription, steps, () => {});

        const keyOf = keys(steps);
        for (const key of ['a', 'b', 'c']) expectInOrder(world.moments.filter(({ n }) => keyOf[n] === key));
      }),
      { numRuns: 300 },
    ));

  it('law 2: with total order no two events overlap or swap', () =>
    fc.assert(
      fc.asyncProperty(cases, async ({ options, steps, seed }) => {
        const world = createBusWorld({ seed });
        const subscription = world.subscribe('worker', { ...options, order: 'total' });

        await run(world, subscription, steps, () => {});

        expectInOrder(world.moments);
      }),
      { numRuns: 200 },
    ));

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
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(anyPlan, fc.integer({ min: 0, max: 50 })), { maxLength: 40, size: 'max' }),
        anyOptions,
        async (plans, options) => {
          const good = { order: 'key', concurrency: 2, retry: { baseMs: 20, jitter: 'none' } } as const;
          const seen = async (withNeighbour: boolean): Promise<Moment[]> => {
            const world = createBusWorld();
            world.subscribe('good', good);
            if (withNeighbour) {
              world.subscribe('neighbour', { ...options, breaker: { minimumCalls: 2, windowSize: 4 } });
            }
            for (const [plan, pauseMs] of plans) {
              world.publish(plan);
              await world.clock.advanceBy(pauseMs);
            }
            await world.clock.advanceBy(longMs);
            return world.moments.filter(({ subscriber }) => subscriber === 'good');
          };

          expect(await seen(true)).toEqual(await seen(false));
        },
      ),
      { numRuns: 150 },
    ));

  it('law 10: the same seed and the same steps give the same run', () =>
    fc.assert(
      fc.asyncProperty(cases, async ({ options, steps, seed }) => {
        const seen = async (): Promise<readonly unknown[]> => {
          const world = createBusWorld({ seed });
          const subscription = world.subscribe('worker', options);
          await run(world, subscription, steps, () => {});
          return [
            world.moments,
            world.resolved,
            world.bus.deadLetters.list().map(({ id, event }) => [id, event.id]),
          ];
        };

        expect(await seen()).toEqual(await seen());
      }),
      { numRuns: 100 },
    ));

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

function keys(steps: readonly Step[]): (string | undefined)[] {
  return steps.flatMap((step) => (step.do === 'publish' ? [step.plan.key] : []));
}

/** Starts and ends alternate, and events start in the order in which they were published. */
function expectInOrder(moments: readonly Moment[]): void {
  let last = -1;
  let running: number | undefined;
  for (const { what, n } of moments) {
    if (what === 'start') {
      expect(running).toBeUndefined();
      expect(n).toBeGreaterThanOrEqual(last);
      last = n;
      running = n;
    } else {
      expect(running).toBe(n);
      running = undefined;
    }
  }
}
