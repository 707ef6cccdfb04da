import { durableTransport, memoryStore } from 'breakwater';
import {
  lawBoundedStarvation,
  lawDeterminism,
  lawIsolation,
  lawNoLoss,
  lawPerKeyOrder,
  survivingStore,
} from 'breakwater/testing';
import { describe, it } from 'vitest';

describe('a bus on a log', () => {
  const onLog = () => ({ transport: durableTransport(survivingStore(memoryStore())) });

  it('keeps the order of events that share a key', () => lawPerKeyOrder(onLog, { numRuns: 100 }));

  it('starves no lane for longer than its bound', () => lawBoundedStarvation(onLog, { numRuns: 100 }));

  it('loses no event that it has accepted', () => lawNoLoss(onLog, { numRuns: 100 }));

  it('loses none across restarts', () =>
    lawNoLoss(onLog, { numRuns: 100, mayRepeat: true, commands: { also: ['pause', 'resume', 'restart'] } }));

  it('keeps subscribers from disturbing each other', () => lawIsolation(onLog, { numRuns: 100 }));

  it('runs the same way for the same seed', () =>
    lawDeterminism(onLog, { numRuns: 100, commands: { also: ['pause', 'resume', 'restart'] } }));
});
