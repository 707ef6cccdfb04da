import { describe, expect, it } from 'vitest';
import { deliveryProgram } from '../../src/testing/simulation/delivery-program.ts';
import { describeSimulation, simulate } from '../../src/testing/simulation/simulate.ts';

describe('the delivery program', () => {
  it('holds all laws for 200 seeds', async () => {
    for (let seed = 0; seed < 200; seed += 1) {
      const report = await simulate(deliveryProgram(), { seed, events: 200 });
      expect(report.violation === undefined ? '' : describeSimulation(report)).toBe('');
    }
  });
});
