import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLaneQueue, type LaneQueueOptions } from '../../../streams/queue/create-lane-queue.ts';
import { type NaiveEvent, NaiveLanes, type NaiveRule } from '../../support/naive-lanes.ts';

type Step =
  | { readonly do: 'push' | 'evictNewest'; readonly lane: number }
  | { readonly do: 'take' | 'evictOldest' | 'clear' }
  | { readonly do: 'restore'; readonly which: number }
  | { readonly do: 'wait'; readonly ms: number };

const lane = fc.nat(3);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant('push' as const), lane }) },
    { weight: 5, arbitrary: fc.constant({ do: 'take' as const }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('restore' as const), which: fc.nat(9) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(25) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('evictNewest' as const), lane }) },
    { weight: 1, arbitrary: fc.constant({ do: 'evictOldest' as const }) },
    { weight: 1, arbitrary: fc.constant({ do: 'clear' as const }) },
  ),
  { maxLength: 150, size: 'max' },
);

const rules: readonly (readonly [name: string, options: LaneQueueOptions, rule: NaiveRule])[] = [
  ['weighted', {}, { weights: [8, 4, 2, 1] }],
  ['weighted 1:2:1:3', { weights: [1, 2, 1, 3] }, { weights: [1, 2, 1, 3] }],
  ['strict', { strategy: 'strict' }, { weights: [Infinity, Infinity, Infinity, Infinity] }],
  ['aged', { strategy: 'aged', agingMs: 10 }, { agingMs: 10, ceiling: 1 }],
  [
    'aged up to critical',
    { strategy: 'aged', agingMs: 10, ceiling: 'critical' },
    { agingMs: 10, ceiling: 0 },
  ],
];

/** All that a run of the steps shows: of the queue, and of the model. */
interface Shown {
  readonly queue: unknown[];
  readonly model: unknown[];
}

function run(
  options: LaneQueueOptions,
  rule: NaiveRule,
  plan: readonly Step[],
  keyOf: (item: number) => string | undefined,
): Shown {
  const queue = createLaneQueue<number>({ ...options, evictsOldest: true });
  const model = new NaiveLanes(rule);
  const shown: Shown = { queue: [], model: [] };
  const taken: { readonly event: NaiveEvent; readonly place: number }[] = [];
  let now = 0;
  let items = 0;
  for (const step of plan) {
    if (step.do === 'push') {
      queue.push(items, step.lane, keyOf(items), now);
      model.push(items, step.lane, now);
      items += 1;
    } else if (step.do === 'take') {
      const item = queue.take(now);
      const event = model.take(now);
      shown.queue.push(item, item === undefined ? undefined : queue.takenLane);
      shown.model.push(event?.item, event?.lane);
      if (event !== undefined) taken.push({ event, place: queue.takenPlace });
    } else if (step.do === 'restore') {
      const [back] = taken.splice(step.which, 1);
      if (back === undefined) continue;
      queue.restore(back.event.item, back.event.lane, keyOf(back.event.item), now, back.place);
      model.restore(back.event, now);
    } else if (step.do === 'wait') {
      now += step.ms;
    } else if (step.do === 'evictNewest') {
      shown.queue.push(queue.evictNewest(step.lane));
      shown.model.push(model.evictNewest(step.lane)?.item);
    } else if (step.do === 'evictOldest') {
      const item = queue.evictOldest();
      const event = model.evictOldest();
      shown.queue.push(item, item === undefined ? undefined : queue.evictedLane);
      shown.model.push(event?.item, event?.lane);
    } else {
      shown.queue.push(new Set(queue.clear()));
      shown.model.push(new Set(model.clear()));
    }
    shown.queue.push([queue.size, ...[0, 1, 2, 3].map((each) => queue.depth(each))]);
    shown.model.push([model.waiting.length, ...[0, 1, 2, 3].map((each) => model.depth(each))]);
  }
  return shown;
}

const noKey = (): undefined => undefined;
const ownKey = (item: number): string => `key ${item}`;

describe.each(rules)('a lane queue, %s', (_name, options, rule) => {
  it('does what looking at everything each time does', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const shown = run(options, rule, plan, noKey);
        expect(shown.queue).toEqual(shown.model);
      }),
    );
  });

  it('does the same with key order, for events without keys', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const shown = run({ ...options, order: 'key' }, rule, plan, noKey);
        expect(shown.queue).toEqual(shown.model);
      }),
    );
  });

  it('does the same with key order, for keys that never meet', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const shown = run({ ...options, order: 'key' }, rule, plan, ownKey);
        expect(shown.queue).toEqual(shown.model);
      }),
    );
  });
});
