import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { deliveryProgram } from '../../src/testing/simulation/delivery-program.ts';
import { nodesProgram } from '../../src/testing/simulation/nodes-program.ts';
import { describeSimulation, simulate } from '../../src/testing/simulation/simulate.ts';

const programs = { delivery: deliveryProgram(), nodes: nodesProgram() };

interface RegressionSeed {
  readonly program: keyof typeof programs;
  readonly seed: number;
  readonly events: number;
  readonly why: string;
}

const kept: readonly RegressionSeed[] = JSON.parse(
  readFileSync(new URL('regression-seeds.json', import.meta.url), 'utf8'),
);

describe('seeds that are kept', () => {
  it.each(kept)('hold all laws: $program $seed, $why', async ({ program, seed, events }) => {
    const report = await simulate(programs[program], { seed, events });
    expect(report.violation === undefined ? '' : describeSimulation(report)).toBe('');
  });
});

describe.each(Object.entries(programs))('the program %s', (_name, program) => {
  it('holds all laws for 60 seeds of 100 events, twice in the same way', async () => {
    for (let seed = 0; seed < 60; seed += 1) {
      const report = await simulate(program, { seed, events: 100 });
      expect(report.violation === undefined ? '' : describeSimulation(report)).toBe('');
      const again = await simulate(program, { seed, events: 100 });
      expect(again.fingerprint).toBe(report.fingerprint);
    }
  });

  it('does something else for each seed', async () => {
    const prints = new Set<string>();
    for (let seed = 0; seed < 20; seed += 1)
      prints.add((await simulate(program, { seed, events: 30 })).fingerprint);
    expect(prints.size).toBe(20);
  });
});
