import fc from 'fast-check';
import type { SubscriberOptions } from '../options.ts';

/** Draws the options that decide how events wait and in what order they start. Shrinks to one at a time, unordered. */
export function anySubscriberOptions(): fc.Arbitrary<SubscriberOptions> {
  return fc.record({
    order: fc.constantFrom('none', 'key', 'total'),
    concurrency: fc.integer({ min: 1, max: 4 }),
    mailbox: fc.record({
      capacity: fc.integer({ min: 1, max: 8 }),
      overflow: fc.constantFrom('block', 'drop-newest', 'drop-oldest', 'drop-lowest', 'reject'),
      strategy: fc.constantFrom('weighted', 'strict', 'aged'),
      agingMs: fc.constant(100),
    }),
    retry: fc.record({ maxAttempts: fc.integer({ min: 1, max: 4 }), baseMs: fc.constant(20) }),
  });
}
