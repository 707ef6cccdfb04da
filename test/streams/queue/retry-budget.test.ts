import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RetryBudget } from '../../../streams/queue/retry-budget.ts';

const windowMs = 1_000;
const stepMs = windowMs / 10;
const history = fc.array(
  fc.record({ gapMs: fc.oneof(fc.nat(40), fc.nat(2_500)), kind: fc.constantFrom('call', 'retry', 'retry') }),
  { maxLength: 300, size: 'max' },
);
const ratios = fc.constantFrom(0, 0.1, 0.2, 1, 2.5);
const minimums = fc.constantFrom(0, 1, 5);

describe('RetryBudget', () => {
  it('allows a retry exactly when calls and time of the window pay for it', () => {
    fc.assert(
      fc.property(
        history,
        ratios,
        minimums,
        fc.integer({ min: -5_000, max: 5_000 }),
        (plan, ratio, perSecond, start) => {
          const budget = new RetryBudget({ ratio, minRetriesPerSecond: perSecond, windowMs });
          const calls: number[] = [];
          const retries: number[] = [];
          let now = start;
          for (const { gapMs, kind } of plan) {
            now += gapMs;
            const oldest = Math.floor(now / stepMs) - 9;
            const inWindow = (times: readonly number[]): number =>
              times.filter((time) => Math.floor(time / stepMs) >= oldest).length;
            if (kind === 'call') {
              budget.deposit(now);
              calls.push(now);
              continue;
            }
            const balance = perSecond + ratio * inWindow(calls) - inWindow(retries);
            const waitMs = budget.withdraw(now);
            expect(waitMs === 0).toBe(balance >= 1 - 1e-9);
            if (waitMs === 0) retries.push(now);
          }
        },
      ),
    );
  });

  it('says after how long a retry is allowed if nothing else happens', () => {
    fc.assert(
      fc.property(history, ratios, fc.constantFrom(1, 5), (plan, ratio, minRetriesPerSecond) => {
        const budget = new RetryBudget({ ratio, minRetriesPerSecond, windowMs });
        let now = 0;
        for (const { gapMs, kind } of plan) {
          now += gapMs;
          if (kind === 'call') budget.deposit(now);
          else budget.withdraw(now);
        }
        let waitMs = budget.withdraw(now);
        while (waitMs === 0) waitMs = budget.withdraw(now);

        expect(waitMs).toBeLessThanOrEqual(windowMs);
        expect(budget.balance(now + waitMs - 1)).toBeLessThan(1);
        expect(budget.withdraw(now + waitMs)).toBe(0);
      }),
    );
  });

  it('allows one retry for five calls, and ten a second besides, unless told otherwise', () => {
    const budget = new RetryBudget();
    for (let i = 0; i < 50; i += 1) budget.deposit(0);
    let allowed = 0;
    while (budget.withdraw(0) === 0) allowed += 1;

    expect(allowed).toBe(10 * 10 + 50 / 5);
  });

  it('puts a retry off by the whole window where only calls can help', () => {
    const budget = new RetryBudget({ minRetriesPerSecond: 0, windowMs });

    expect(budget.withdraw(0)).toBe(windowMs);
  });

  it('takes time that goes back to stand still', () => {
    const budget = new RetryBudget({ ratio: 1, minRetriesPerSecond: 0, windowMs });
    budget.deposit(5_000);
    budget.deposit(-60_000);

    expect([budget.balance(0), budget.balance(5_000), budget.withdraw(5_000)]).toEqual([2, 2, 0]);
  });

  it('loses no retry to rounding', () => {
    const budget = new RetryBudget({ ratio: 0.29, minRetriesPerSecond: 0 });
    for (let i = 0; i < 100; i += 1) budget.deposit(0);
    let allowed = 0;
    while (budget.withdraw(0) === 0) allowed += 1;

    // 0.29 · 100 is 28.999999999999996 in floating point.
    expect(allowed).toBe(29);
  });

  it.each([
    [{ ratio: -0.1 }, 'ratio must be a finite number of at least 0, got -0.1'],
    [
      { minRetriesPerSecond: Number.NaN },
      'minRetriesPerSecond must be a finite number of at least 0, got NaN',
    ],
    [{ ratio: Infinity }, 'ratio must be a finite number of at least 0, got Infinity'],
    [{ windowMs: 0 }, 'windowMs must be a finite number above 0, got 0'],
    [{ windowMs: Infinity }, 'windowMs must be a finite number above 0, got Infinity'],
  ])('refuses %j', (options, message) => {
    expect(() => new RetryBudget(options)).toThrow(message);
  });
});
