import fc from 'fast-check';
import { plainRecord } from './plain-record.ts';
import type { FaultPlan, FaultSpell } from './fault-plan.ts';

/** What a drawn plan may hold. */
export interface AnyFaultPlanOptions {
  /** Faults to choose from. Default: all. */
  readonly faults?: readonly FaultSpell['fault'][];
  /** Milliseconds in which spells begin. Default `10_000`. */
  readonly withinMs?: number;
  /** Milliseconds of the longest spell. Default `2_000`. */
  readonly maxSpellMs?: number;
}

/** Draws when publishes fail, are slow, or come twice, for `withFaults`. Shrinks to no fault at all. */
export function anyFaultPlan(options: AnyFaultPlanOptions = {}): fc.Arbitrary<FaultPlan> {
  const {
    faults = ['duplicate', 'slow', 'unknown', 'refuse'],
    withinMs = 10_000,
    maxSpellMs = 2_000,
  } = options;
  const spell = plainRecord({
    fault: fc.constantFrom(...faults),
    fromMs: fc.nat(withinMs),
    lastsMs: fc.integer({ min: 1, max: maxSpellMs }),
    delayMs: fc.nat(500),
  });
  return fc.array(spell, { maxLength: 5, size: 'max' });
}
