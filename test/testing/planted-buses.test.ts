import type { TransportFactory } from 'breakwater';
import {
  lawBoundedStarvation,
  lawDeterminism,
  lawIsolation,
  lawNoLoss,
  lawPerKeyOrder,
  type BusUnderTest,
} from 'breakwater/testing';
import { describe, it } from 'vitest';
import { casesOf, expectBroken, numRuns } from './planted/expect-broken.ts';
import { disorderly, erratic, leaky, leaning, partlyOrdered, starving } from './planted/transports.ts';

const busOf = (transport: TransportFactory): BusUnderTest => ({ transport });

describe('lawPerKeyOrder', () => {
  it.each(casesOf(disorderly))('finds a transport that %s', (_name, transport) =>
    expectBroken(lawPerKeyOrder(busOf(transport), { numRuns }), 'lawPerKeyOrder', 900),
  );

  it.each(casesOf(partlyOrdered))('finds a transport that %s', (_name, transport) =>
    expectBroken(
      lawPerKeyOrder(busOf(transport), { numRuns, subscriber: { order: 'total' } }),
      'lawPerKeyOrder',
      900,
    ),
  );
});

describe('lawNoLoss', () => {
  it.each(casesOf(leaky))('finds a transport that %s', (_name, transport) =>
    expectBroken(lawNoLoss(busOf(transport), { numRuns }), 'lawNoLoss', 1_200),
  );
});

describe('lawBoundedStarvation', () => {
  it.each(casesOf(starving))('finds a transport that %s', (_name, transport) =>
    expectBroken(lawBoundedStarvation(busOf(transport), { numRuns }), 'lawBoundedStarvation', 300),
  );
});

describe('lawIsolation', () => {
  it.each(casesOf(leaning))('finds a transport that %s', (_name, transport) =>
    expectBroken(lawIsolation(busOf(transport), { numRuns }), 'lawIsolation', 1_500),
  );
});

describe('lawDeterminism', () => {
  it.each(casesOf(erratic))('finds a transport that %s', (_name, transport) =>
    expectBroken(lawDeterminism(busOf(transport), { numRuns }), 'lawDeterminism', 900),
  );
});
