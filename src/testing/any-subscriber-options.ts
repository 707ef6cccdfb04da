import fc from 'fast-check';
import { plainRecord } from './plain-record.ts';
import type { SubscriberOptions } from '../options.ts';

/** Draws the options that decide how events wait and in what order they start. Shrinks to one at a time, unordered. */
export function anySubscriberOptions(): fc.Arbitrary<SubscriberOptions> {
  return plainRecord({
    order: fc.constantFrom('none', 'key', 'total'),
    concurrency: fc.integer({ min: 1, max: 4 }),
    mailbox: plainRecord({
      capacity: fc.integer({ min: 1, max: 8 }),
      overflow: fc.constantFrom('block', 'drop-newest', 'drop-oldest', 'drop-lowest', 'reject'),
      strategy: fc.constantFrom('weighted', 'strict', 'aged'),
      agingMs: fc.constant(100),
    }),
    retry: plainRecord({ maxAttempts: fc.integer({ min: 1, max: 4 }), baseMs: fc.constant(20) }),
  });
}
