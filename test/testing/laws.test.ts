import {
  lawBoundedStarvation,
  lawDeterminism,
  lawIsolation,
  lawNoLoss,
  lawPerKeyOrder,
} from 'breakwater/testing';
import { describe, it } from 'vitest';

describe('a bus in memory', () => {
  it('keeps the order of events that share a key', () => lawPerKeyOrder({}, { numRuns: 200 }));

  it('keeps the order of all events where it is total', () =>
    lawPerKeyOrder({}, { subscriber: { order: 'total' }, numRuns: 200 }));

  it('loses no event that it has accepted', () => lawNoLoss({}, { numRuns: 200 }));

  it('starves no lane for longer than its bound', () => lawBoundedStarvation({}, { numRuns: 100 }));

  it('keeps subscribers from disturbing each other', () => lawIsolation({}, { numRuns: 100 }));

  it('runs the same way for the same seed', () => lawDeterminism({}, { numRuns: 100 }));
});
