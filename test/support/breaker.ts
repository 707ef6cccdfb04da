import type { BreakerOptions } from '../../actors/breaker.ts';
import { createBreaker, type Breaker, type Permit } from '../../actors/create-breaker.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';

/** Options that make every state short. */
export const quick: BreakerOptions = {
  windowSize: 4,
  minimumCalls: 2,
  resetTimeoutMs: 1_000,
  maxResetTimeoutMs: 4_000,
  halfOpenCalls: 3,
  halfOpenTimeoutMs: 500,
  jitter: 0,
};

export function breakerWith(options: BreakerOptions = quick, random = () => 0.5) {
  const clock = createVirtualClock({ now: 0 });
  return { clock, breaker: createBreaker(options, { clock, random }) };
}

export function acquire(breaker: Breaker): Permit {
  const permit = breaker.tryAcquire();
  if (permit === undefined) throw new Error(`no permit while ${breaker.state}`);
  return permit;
}

export function fail(breaker: Breaker, times: number): void {
  for (let index = 0; index < times; index += 1) acquire(breaker).failed();
}

/** How many calls would start now, of 100 that try. */
export function grants(breaker: Breaker): Permit[] {
  return Array.from({ length: 100 }, () => breaker.tryAcquire()).filter((permit) => permit !== undefined);
}
