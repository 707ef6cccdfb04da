import { describe, expect, it } from 'vitest';
import type { BreakerOptions } from '../../actors/breaker.ts';
import { createBreaker } from '../../actors/create-breaker.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';
import { acquire, breakerWith, fail, grants, quick } from '../support/breaker.ts';

describe('a half-open breaker', () => {
  async function halfOpen(options: BreakerOptions = { ...quick, minimumCalls: 3 }) {
    const parts = breakerWith(options);
    const stale = acquire(parts.breaker);
    while (parts.breaker.state === 'closed') fail(parts.breaker, 1);
    await parts.clock.advanceBy(1_000);
    return { ...parts, stale };
  }

  // Resilience4j issue 1432: more calls than permitted started at the change from open to half-open.
  it('lets exactly halfOpenCalls start, however many try at the change from open', async () => {
    const { breaker } = await halfOpen();

    expect(grants(breaker)).toHaveLength(3);
    expect(grants(breaker)).toHaveLength(0);
  });

  // Resilience4j issue 1090: more probes than permitted under load, as each that ended made room for the next.
  it('lets no call start in place of one that ended, while the rest is under way', async () => {
    const { breaker } = await halfOpen();
    const [first, second] = grants(breaker);
    first?.ok();
    second?.failed();

    expect(breaker.state).toBe('halfOpen');
    expect(grants(breaker)).toHaveLength(0);
  });

  // The same under load, with callers that come and go on their own time.
  it('grants exactly halfOpenCalls in every half-open state to 200 callers that never stop trying', async () => {
    const clock = createVirtualClock({ now: 0 });
    const random = seededRandom(7);
    const breaker = createBreaker({ ...quick, minimumCalls: 3, resetTimeoutMs: 50 }, { clock, random });
    const starts = new Map<string, number>();
    const sleep = (ms: number) => new Promise<void>((resolve) => clock.setTimeout(resolve, ms));
    async function call(): Promise<void> {
      for (;;) {
        const { state, epoch } = breaker.snapshot;
        const permit = breaker.tryAcquire();
        if (permit !== undefined) starts.set(`${state} ${epoch}`, (starts.get(`${state} ${epoch}`) ?? 0) + 1);
        await sleep(random() * 40);
        if (random() < 0.8) permit?.failed();
        else permit?.ok();
      }
    }
    for (let caller = 0; caller < 200; caller += 1) void call();
    await clock.advanceBy(2_000);

    const trials = [...starts].filter(([state]) => state.startsWith('halfOpen')).map(([, count]) => count);
    expect(trials.length).toBeGreaterThan(3);
    expect(trials.slice(0, -1)).toEqual(trials.slice(0, -1).fill(3));
    expect([...starts.keys()].filter((state) => state.startsWith('open'))).toEqual([]);
  });

  // opossum issue 119, cockatiel pull request 114: a cancelled trial held its permit for ever.
  it('gives the permit of a cancelled call to another', async () => {
    const { breaker } = await halfOpen();
    const [first] = grants(breaker);
    first?.release();
    first?.release();

    expect(grants(breaker)).toHaveLength(1);
  });

  // Resilience4j issues 562, 646, 674: results of another state made illegal transitions.
  it('takes neither results nor permits of calls that started before', async () => {
    const { breaker, stale } = await halfOpen({ ...quick, halfOpenCalls: 1 });
    stale.release();
    expect(grants(breaker)).toHaveLength(1);
    const other = await halfOpen({ ...quick, halfOpenCalls: 1 });
    other.stale.failed();

    expect(other.breaker.state).toBe('halfOpen');
  });

  it('closes when the trials stay below the threshold, with an empty window', async () => {
    const { breaker } = await halfOpen();
    const [first, second, third] = grants(breaker);
    first?.ok();
    second?.failed();
    third?.ok();
    expect(breaker.snapshot).toMatchObject({
      state: 'closed',
      opens: 0,
      lastVerdict: { verdict: 'close', failureRate: 1 / 3, slowRate: 0 },
    });

    fail(breaker, 2);
    expect(breaker.state).toBe('closed');
    fail(breaker, 1);
    expect(breaker.state).toBe('open');
  });

  it('opens again when the trials reach the threshold', async () => {
    const { breaker } = await halfOpen();
    const [first, second, third] = grants(breaker);
    first?.failed();
    second?.ok();
    third?.failed();

    expect(breaker.snapshot).toMatchObject({ state: 'open', opens: 2, lastVerdict: { verdict: 'open' } });
  });

  it('judges after minimumCalls trials when these are fewer than halfOpenCalls', async () => {
    const { breaker } = await halfOpen({ ...quick, minimumCalls: 2, halfOpenCalls: 10 });
    const [first, second, third] = grants(breaker);
    first?.ok();
    expect(breaker.state).toBe('halfOpen');
    second?.ok();
    expect(breaker.state).toBe('closed');

    third?.failed();
    fail(breaker, 1);
    expect(breaker.state).toBe('closed');
  });

  it('opens again when trials that started do not end within halfOpenTimeoutMs', async () => {
    const { breaker, clock } = await halfOpen();
    await clock.advanceBy(300);
    const [hung] = grants(breaker);

    await clock.advanceBy(499);
    expect(breaker.state).toBe('halfOpen');
    await clock.advanceBy(1);
    expect(breaker.snapshot).toMatchObject({ state: 'open', opens: 2 });
    await clock.advanceBy(2_000);
    hung?.failed();

    expect(breaker.state).toBe('halfOpen');
    expect(grants(breaker)).toHaveLength(3);
  });

  it('waits for its first trial as long as it takes', async () => {
    const { breaker, clock } = await halfOpen();
    await clock.advanceBy(1e9);

    expect(breaker.state).toBe('halfOpen');
  });

  it('opens again at any failed trial when no failure rate is judged', async () => {
    const { breaker } = await halfOpen({
      ...quick,
      minimumCalls: 3,
      failureRateThreshold: Infinity,
      consecutiveFailures: 2,
    });
    const [first, second, third] = grants(breaker);
    first?.ok();
    second?.ok();
    third?.failed();

    expect(breaker.state).toBe('open');
  });
});
