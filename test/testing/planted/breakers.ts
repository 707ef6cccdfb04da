import { createBreaker, type Breaker, type Permit } from '../../../actors/create-breaker.ts';
import type { BreakerUnderTest } from '../../../src/testing/law-breaker-safety.ts';

type Options = Parameters<BreakerUnderTest>[0];

function withOptions(change: (options: Options) => Options): BreakerUnderTest {
  return (options, ports) => createBreaker({ ...options, ...change(options) }, ports);
}

function withPermits(
  change: (permit: Permit | undefined, breaker: Breaker) => Permit | undefined,
): BreakerUnderTest {
  return (options, ports) => {
    const breaker = createBreaker(options, ports);
    return {
      get state() {
        return breaker.state;
      },
      tryAcquire: () => change(breaker.tryAcquire(), breaker),
      isolate: () => breaker.isolate(),
      reset: () => breaker.reset(),
      close: () => breaker.close(),
    };
  };
}

const nothing: Permit = { ok() {}, failed() {}, release() {} };

/** Breakers that let calls start, open or close where they must not. */
export const brokenBreakers: Readonly<Record<string, BreakerUnderTest>> = {
  'opens above the threshold, not at it': withOptions(({ failureRateThreshold = 0.5 }) => ({
    failureRateThreshold: failureRateThreshold + 1e-9,
  })),
  'opens a call late': withOptions(({ minimumCalls = 1, windowSize = 1 }) => ({
    minimumCalls: minimumCalls + 1,
    windowSize: Math.max(windowSize, minimumCalls + 1),
  })),
  'lets one trial too many start': withOptions(({ halfOpenCalls = 1 }) => ({
    halfOpenCalls: halfOpenCalls + 1,
  })),
  'never opens for longer': withOptions(({ resetTimeoutMs = 1 }) => ({ maxResetTimeoutMs: resetTimeoutMs })),
  'takes no call for slow': withOptions(() => ({ slowCallDurationMs: 1_000_000 })),
  'opens without jitter': withOptions(() => ({ jitter: 0 })),
  'lets calls start while it is open': withPermits((permit, { state }) =>
    state === 'open' ? (permit ?? nothing) : permit,
  ),
  'keeps the permit of a call that was not made': withPermits((permit) =>
    permit === undefined
      ? undefined
      : { ok: (ms) => permit.ok(ms), failed: (ms) => permit.failed(ms), release() {} },
  ),
  'counts what ends after its state is over': withPermits((permit, breaker) => {
    if (permit === undefined) return undefined;
    const { epoch } = breaker.snapshot;
    const meant = (): Permit | undefined =>
      breaker.snapshot.epoch === epoch ? permit : breaker.tryAcquire();
    return {
      ok: (ms) => meant()?.ok(ms),
      failed: (ms) => meant()?.failed(ms),
      release: () => permit.release(),
    };
  }),
};
