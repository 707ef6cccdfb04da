import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryPolicy, settle, type RetryPolicyOptions } from '../../actors/settlement.ts';
import { FatalError, RetryableError, ValidationError } from '../../streams/event/errors.ts';

const policy = retryPolicy({ jitter: 'none' });

function settled(error: unknown, attempt = 1) {
  return settle({ error, attempt, policy, random: () => 0.5 });
}

describe('settle', () => {
  it('retries what a handler throws of its own, with growing delays, until maxAttempts', () => {
    const decisions = [1, 2, 3, 4].map((attempt) => settled(new Error('busy'), attempt));

    expect(decisions).toEqual([
      { kind: 'retry', delayMs: 100 },
      { kind: 'retry', delayMs: 200 },
      { kind: 'dead-letter', reason: 'exhausted' },
      { kind: 'dead-letter', reason: 'exhausted' },
    ]);
  });

  it.each([undefined, null, 'text', 0, { code: 7, retryable: false }, { retryable: false }])(
    'retries after %j was thrown',
    (thrown) => {
      expect(settled(thrown)).toEqual({ kind: 'retry', delayMs: 100 });
    },
  );

  it('heeds retryAfterMs of a RetryableError alone', () => {
    expect(settled({ retryAfterMs: 7 })).toEqual({ kind: 'retry', delayMs: 100 });
    expect(settled({ code: 'ERR_TIMEOUT', retryAfterMs: 7 })).toEqual({ kind: 'retry', delayMs: 100 });
  });

  it('never retries a fatal error', () => {
    expect(settled(new FatalError('no such account'))).toEqual({ kind: 'dead-letter', reason: 'fatal' });
  });

  it('never retries an error of the framework that is not retryable', () => {
    expect(settled(new ValidationError('data.total is missing'))).toEqual({
      kind: 'dead-letter',
      reason: 'fatal',
    });
  });

  it('tells errors by code, so that those which crossed a process count too', () => {
    const fatal: unknown = JSON.parse('{"code":"ERR_FATAL"}');
    const retryable: unknown = JSON.parse('{"code":"ERR_RETRYABLE","retryAfterMs":7}');

    expect(settled(fatal)).toEqual({ kind: 'dead-letter', reason: 'fatal' });
    expect(settled(retryable)).toEqual({ kind: 'retry', delayMs: 7 });
  });

  it('obeys retryAfterMs in place of the backoff, 0 included, but not beyond maxAttempts', () => {
    expect(settled(new RetryableError('busy', { retryAfterMs: 60_000 }))).toEqual({
      kind: 'retry',
      delayMs: 60_000,
    });
    expect(settled(new RetryableError('busy', { retryAfterMs: 0 }), 2)).toEqual({
      kind: 'retry',
      delayMs: 0,
    });
    expect(settled(new RetryableError('busy'), 2)).toEqual({ kind: 'retry', delayMs: 200 });
    expect(settled(new RetryableError('busy', { retryAfterMs: 5 }), 3)).toEqual({
      kind: 'dead-letter',
      reason: 'exhausted',
    });
  });

  it.each([NaN, -1, '5', Infinity])(
    'takes a retryAfterMs of %j for what a timer can hold',
    (retryAfterMs) => {
      const decision = settled({ code: 'ERR_RETRYABLE', retryAfterMs });

      expect(decision).toEqual({ kind: 'retry', delayMs: retryAfterMs === Infinity ? 2_147_483_647 : 100 });
    },
  );

  it('never throws, whatever was thrown', () => {
    const trap = new Proxy(
      {},
      {
        get() {
          throw new Error('trapped');
        },
      },
    );
    const getter = {
      get code(): string {
        throw new Error('trapped');
      },
    };

    expect(settled(trap)).toEqual({ kind: 'retry', delayMs: 100 });
    expect(settled(getter)).toEqual({ kind: 'retry', delayMs: 100 });
    fc.assert(fc.property(fc.anything(), (thrown) => settled(thrown).kind !== undefined));
  });
});

describe('retryPolicy', () => {
  it('is one try and no more for false', () => {
    const once = retryPolicy(false);

    expect(settle({ error: new Error('busy'), attempt: 1, policy: once, random: () => 0 })).toEqual({
      kind: 'dead-letter',
      reason: 'exhausted',
    });
  });

  it('tries for ever when maxAttempts is Infinity', () => {
    const forever = retryPolicy({ maxAttempts: Infinity, jitter: 'none' });

    expect(settle({ error: new Error('busy'), attempt: 1e9, policy: forever, random: () => 0 })).toEqual({
      kind: 'retry',
      delayMs: 30_000,
    });
  });

  it.each<[RetryPolicyOptions, string]>([
    [{ maxAttempts: 0 }, 'maxAttempts must be an integer of at least 1, got 0'],
    [{ maxAttempts: 1.5 }, 'maxAttempts must be an integer of at least 1, got 1.5'],
    [{ baseMs: -1 }, 'baseMs must be a number of milliseconds from 0 to 2147483647, got -1'],
  ])('refuses %j', (options, message) => {
    expect(() => retryPolicy(options)).toThrow(message);
  });

  // Law I14: attempts are bounded, and every delay lies within its jitter of the capped exponential.
  it('never tries more than maxAttempts, and keeps every delay within its jitter', () => {
    fc.assert(
      fc.property(
        fc.record({
          maxAttempts: fc.integer({ min: 1, max: 20 }),
          baseMs: fc.nat(10_000),
          factor: fc.double({ min: 1, max: 10, noNaN: true }),
          maxMs: fc.nat(100_000),
          jitter: fc.double({ min: 0, max: 1, noNaN: true }),
        }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (options, drawn) => {
          const checked = retryPolicy(options);
          let attempt = 1;
          for (;;) {
            const decision = settle({ error: 'failed', attempt, policy: checked, random: () => drawn });
            if (decision.kind === 'dead-letter') break;
            const { baseMs, factor, maxMs, jitter } = options;
            const delay = baseMs === 0 ? 0 : Math.min(maxMs, baseMs * factor ** (attempt - 1));
            expect(decision.delayMs).toBeGreaterThanOrEqual((1 - jitter) * delay - 1e-6);
            expect(decision.delayMs).toBeLessThanOrEqual((1 + jitter) * delay + 1e-6);
            attempt += 1;
          }
          expect(attempt).toBe(options.maxAttempts);
        },
      ),
    );
  });
});
