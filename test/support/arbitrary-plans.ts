import fc from 'fast-check';
import type { SubscriberOptions } from 'breakwater';
import type { Deed, Plan } from './bus-world.ts';

export const anyDeed = fc.constantFrom<Deed>(
  'ok',
  'ok',
  'ok',
  'later',
  'throw',
  'reject',
  'fatal',
  'hang',
  'retry-after',
);

export const anyPlan: fc.Arbitrary<Plan> = fc.record({
  key: fc.constantFrom('a', 'b', 'c', undefined),
  priority: fc.constantFrom('critical', 'high', 'normal', 'low'),
  deeds: fc.array(anyDeed, { minLength: 1, maxLength: 4 }),
});

/** What happens to a bus from outside. */
export type Step =
  | { readonly do: 'publish'; readonly plan: Plan }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'pause' }
  | { readonly do: 'resume' };

export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('publish' as const), plan: anyPlan }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 600 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pause' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('resume' as const) }) },
);

/** Options that change how events wait and in what order they start. */
export const anyOptions: fc.Arbitrary<SubscriberOptions> = fc.record({
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
