import { describe, expect, it } from 'vitest';
import { BreakerGate } from '../../actors/breaker-gate.ts';
import { Credit } from '../../streams/queue/credit.ts';

function gateWith(permits: number) {
  const told: string[] = [];
  const credit = new Credit(Infinity, 0);
  const gate = new BreakerGate(credit, 100, {
    trialStarted: (epoch) => told.push(`trial ${epoch}`),
    stateChanged: () => told.push('changed'),
  });
  gate.enter(1, permits);
  return { gate, credit, told };
}

describe('BreakerGate', () => {
  it('tells of the first trial of every half-open state, once', () => {
    const { gate, credit, told } = gateWith(2);
    for (const epoch of [1, 2]) {
      gate.enter(epoch, 2);
      credit.spend();
      gate.begin();
      credit.spend();
      gate.begin();
    }

    expect(told).toEqual(['trial 1', 'trial 2']);
  });

  it('tells of no trial while closed', () => {
    const { gate, credit, told } = gateWith(Infinity);
    credit.spend();

    expect(gate.begin()).toBe(1);
    expect(told).toEqual([]);
  });

  it('takes a trial that starts before any state was entered for one', () => {
    const told: string[] = [];
    const credit = new Credit(Infinity, 1);
    const gate = new BreakerGate(credit, 100, {
      trialStarted: (epoch) => told.push(`trial ${epoch}`),
      stateChanged: () => {},
    });
    const epoch = gate.epoch;
    gate.begin();
    gate.enter(4, Infinity);

    expect(told).toEqual(['trial 0']);
    expect([epoch, gate.epoch]).toEqual([0, 4]);
  });

  it('gives results to its latest listener, also when the one before leaves late', () => {
    const { gate } = gateWith(Infinity);
    const seen: string[] = [];
    const first = gate.results.subscribe((result) => seen.push(`first ${result}`));
    const second = gate.results.subscribe((result) => seen.push(`second ${result}`));
    first.unsubscribe();
    gate.record('ok', 1);
    second.unsubscribe();
    gate.record('failed', 1);

    expect(seen).toEqual(['second ok']);
  });

  it('tells of a change only when a result made one', () => {
    const { gate, told } = gateWith(Infinity);
    gate.results.subscribe((result) => {
      if (result === 'failed') gate.enter(2, 0);
    });
    gate.record('ok', 1);
    gate.record('failed', 1);
    gate.record('failed', 1);

    expect(told).toEqual(['changed']);
  });
});
