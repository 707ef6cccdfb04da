import fc from 'fast-check';
import {
  lawBreakerSafety,
  lawEffectivelyOnce,
  lawEntityFold,
  lawReplay,
  lawWindowCompleteness,
} from 'breakwater/testing';
import { describe, it } from 'vitest';
import { brokenBreakers } from './planted/breakers.ts';
import { brokenEntities, counters } from './planted/entities.ts';
import { casesOf, expectBroken, numRuns } from './planted/expect-broken.ts';
import { brokenHandlers, ledger, paid } from './planted/handlers.ts';
import { arrayLog, brokenLogs } from './planted/logs.ts';
import { brokenWindows, perTenOf, perTenWindow } from './planted/windows.ts';

describe('lawBreakerSafety', () => {
  it('holds for the breaker of this package', () => lawBreakerSafety(undefined, { numRuns: 500 }));

  it.each(casesOf(brokenBreakers))('finds a breaker that %s', (_name, make) =>
    expectBroken(lawBreakerSafety(make, { numRuns }), 'lawBreakerSafety', 900),
  );
});

describe('lawWindowCompleteness', () => {
  it('holds for tumblingWindow', () =>
    lawWindowCompleteness(perTenWindow(), { windowsOf: perTenOf, numRuns: 500 }));

  it.each(casesOf(brokenWindows))('finds a window that %s', (_name, make) =>
    expectBroken(lawWindowCompleteness(make, { windowsOf: perTenOf, numRuns }), 'lawWindowCompleteness', 400),
  );
});

describe('lawEntityFold', () => {
  const folded = {
    events: fc.integer({ min: 1, max: 9 }),
    initial: 0,
    fold: (sum: number, by: number) => sum + by,
  };

  it('holds for sums that remember what they have seen', () => lawEntityFold(counters(), folded));

  it.each(casesOf(brokenEntities))('finds an entity that %s', (_name, make) =>
    expectBroken(lawEntityFold(make, { ...folded, numRuns }), 'lawEntityFold', 200),
  );
});

describe('lawReplay', () => {
  it('holds for a log in an array', () => lawReplay(arrayLog()));

  it.each(casesOf(brokenLogs))('finds a log that %s', (_name, make) =>
    expectBroken(lawReplay(make, { numRuns }), 'lawReplay', 100),
  );
});

describe('lawEffectivelyOnce', () => {
  it('holds for a handler that remembers what it has seen', () => lawEffectivelyOnce(ledger, paid));

  it.each(casesOf(brokenHandlers))('finds a handler that %s', (_name, make) =>
    expectBroken(lawEffectivelyOnce(make, paid, { numRuns }), 'lawEffectivelyOnce', 300),
  );
});
