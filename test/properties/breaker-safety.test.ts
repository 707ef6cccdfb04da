import { describe, expect, it } from 'vitest';
import { createBreaker, type Permit } from '../../actors/create-breaker.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';
import type { CallResult } from '../../streams/event/outcome.ts';
import { BreakerModel, type ModelOptions } from '../../src/testing/breaker-model.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';

const schedules = Number(process.env['BREAKWATER_RUNS'] ?? 10_000);
const seed = Number(process.env['BREAKWATER_SEED'] ?? Date.now() % 2 ** 31);

const clock = createVirtualClock({ now: 0 });
const slowMs = 100;

function pick<T>(random: () => number, first: T, ...rest: T[]): T {
  return rest[Math.floor(random() * (rest.length + 1)) - 1] ?? first;
}

function drawOptions(random: () => number): ModelOptions {
  const windowSize = pick(random, 1, 2, 3, 4, 8);
  const resetTimeoutMs = pick(random, 0, 10, 100);
  return {
    windowSize,
    minimumCalls: 1 + Math.floor(random() * windowSize),
    failureRateThreshold: pick(random, 0.25, 0.5, 1, Infinity),
    slowCallRateThreshold: pick(random, 0.5, 1, Infinity),
    consecutiveFailures: pick(random, 1, 2, 3, Infinity),
    slowCallDurationMs: slowMs,
    resetTimeoutMs,
    maxResetTimeoutMs: resetTimeoutMs * pick(random, 1, 4, 1_000),
    jitter: pick(random, 0, 0, 0.5, 1),
    halfOpenCalls: pick(random, 1, 2, 3, 5),
    halfOpenTimeoutMs: pick(random, 0, 20, 50),
  };
}

/** Counts that show that the schedules reach what they are to test. */
const reached = { starts: 0, refusals: 0, trials: 0, stale: 0, opens: 0, closes: 0, timeouts: 0 };

/** Runs one schedule against the model; returns what differed, if anything did. */
function runSchedule(random: () => number): string | undefined {
  const options = drawOptions(random);
  const draws: number[] = [];
  const breaker = createBreaker(options, {
    clock,
    random() {
      const drawn = random();
      draws.push(drawn);
      return drawn;
    },
  });
  const model = new BreakerModel(options, () => draws.shift() ?? NaN);
  const running: { permit: Permit; epoch: number }[] = [];
  const failing = random();
  const trail: string[] = [];
  const steps = 5 + Math.floor(random() * 40);

  for (let step = 0; step < steps; step += 1) {
    const before = model.state;
    const action = random();
    if (action < 0.45) {
      trail.push('start');
      const permit = breaker.tryAcquire();
      const allowed = model.acquire();
      if ((permit !== undefined) !== allowed) {
        return `${allowed ? 'refused' : 'started'} a call while ${before}: ${trail.join(' ')}`;
      }
      if (permit === undefined) reached.refusals += 1;
      else running.push({ permit, epoch: model.epoch });
      if (permit !== undefined) reached.starts += 1;
      if (permit !== undefined && before === 'halfOpen') reached.trials += 1;
    } else if (action < 0.85 && running.length > 0) {
      const [call] = running.splice(Math.floor(random() * running.length), 1);
      if (call === undefined) continue;
      if (call.epoch !== model.epoch) reached.stale += 1;
      trail.push(endCall(call, random, failing, model));
    } else if (action < 0.98) {
      const ms = pick(random, 1, 9, 10, 11, 50, 100, 500) * pick(random, 1, 1, 0.5);
      trail.push(`wait ${ms}`);
      clock.advanceBySync(ms);
      model.advance(ms);
      if (before === 'halfOpen' && model.state !== 'halfOpen') reached.timeouts += 1;
    } else if (action < 0.99) {
      trail.push('isolate');
      breaker.isolate();
      model.isolate();
    } else {
      trail.push('reset');
      breaker.reset();
      model.reset();
    }
    if (before !== 'open' && model.state === 'open') reached.opens += 1;
    if (before === 'halfOpen' && model.state === 'closed') reached.closes += 1;
    if (breaker.state !== model.state || breaker.snapshot.epoch !== model.epoch) {
      const shown = `${breaker.state} ${breaker.snapshot.epoch}, not ${model.state} ${model.epoch}`;
      return `is ${shown}, after ${trail.join(' ')} with ${JSON.stringify(options)}`;
    }
  }
  breaker.close();
  return undefined;
}

function endCall(
  { permit, epoch }: { permit: Permit; epoch: number },
  random: () => number,
  failing: number,
  model: BreakerModel,
): string {
  if (random() < 0.1) {
    permit.release();
    model.release(epoch);
    return 'release';
  }
  const failed = random() < failing;
  const slow = random() < 0.2;
  const result: CallResult = failed ? (slow ? 'slow-failed' : 'failed') : slow ? 'slow' : 'ok';
  if (failed) permit.failed(slow ? slowMs + 1 : slowMs);
  else permit.ok(slow ? slowMs + 1 : slowMs);
  model.record(result, epoch);
  return result;
}

describe('a breaker under random schedules', () => {
  // Law I12, target T8: BREAKWATER_RUNS=10000000 runs the whole of it.
  it(`starts a call only where its specification does, in ${schedules} schedules`, () => {
    for (let index = 0; index < schedules; index += 1) {
      const difference = runSchedule(seededRandom(seed + index));
      if (difference !== undefined) {
        throw new Error(`BREAKWATER_SEED=${seed + index} BREAKWATER_RUNS=1: the breaker ${difference}`);
      }
    }

    if (schedules >= 10_000) {
      const seldom = Object.entries(reached).filter(([, count]) => count < schedules / 100);
      expect(seldom).toEqual([]);
    }
  }, 3_600_000);
});
