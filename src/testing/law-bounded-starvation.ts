import fc from 'fast-check';
import { plainRecord } from './plain-record.ts';
import { laneOf, type Priority } from '../../streams/event/priority.ts';
import { defaultBus, type BusLawOptions } from './bus-history.ts';
import { holdLaw, type LawOptions } from './hold-law.ts';
import { ProbeRun, type BusUnderTest } from './probe-run.ts';

/** Events of one priority that are published at one time, then starts that are waited for. */
export interface Burst {
  readonly priority: Priority;
  readonly count: number;
  readonly thenStarts: number;
}

/** What the law may be told. */
export interface StarvationOptions extends LawOptions<readonly Burst[]> {
  /** Weights of the lanes. Default `[8, 4, 2, 1]`, those of a bus. */
  readonly weights?: readonly [critical: number, high: number, normal: number, low: number];
  /** Options that the subscriber has. One handler at a time, whatever they say. */
  readonly subscriber?: BusLawOptions['subscriber'];
}

const names = ['critical', 'high', 'normal', 'low'] as const;

/**
 * Law: the head of lane i starts after at most 2·(W − wᵢ) starts of other lanes, W being the sum of the weights wᵢ.
 *
 * With the weights of a bus that is 28 for `low`. Takes the bus as options, as for `createBus`; its subscriber
 * handles one event at a time. A case takes about 5 ms with the memory transport.
 *
 * @throws LawViolation with the smallest bursts found that starve a lane.
 * @example
 * ```ts
 * await lawBoundedStarvation({ transport: memoryTransport() }, { numRuns: 50 });
 * ```
 */
export function lawBoundedStarvation(
  bus: BusUnderTest = defaultBus,
  options: StarvationOptions = {},
): Promise<void> {
  const { weights = [8, 4, 2, 1] } = options;
  return holdLaw(
    {
      name: 'lawBoundedStarvation',
      says: 'starves no lane for longer than its bound',
      subject: 'bus, ',
      cases: fc.array(anyBurst, { minLength: 1, maxLength: 12, size: 'max' }),
      async check(bursts) {
        const run = new ProbeRun(bus, { subscriber: { ...options.subscriber, concurrency: 1 } });
        const reason = await starved(run, bursts, weights);
        return reason === undefined ? undefined : { reason, story: run.bus.timelineText(40) };
      },
    },
    options,
  );
}

const anyBurst: fc.Arbitrary<Burst> = plainRecord({
  priority: fc.constantFrom('normal', 'low', 'high', 'critical'),
  count: fc.integer({ min: 1, max: 60 }),
  thenStarts: fc.nat(40),
});

async function starved(
  run: ProbeRun,
  bursts: readonly Burst[],
  weights: readonly number[],
): Promise<string | undefined> {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const waiting = [0, 0, 0, 0];
  const passedOver = [0, 0, 0, 0];
  let seen = 0;
  const judge = (): string | undefined => {
    for (; seen < run.moments.length; seen += 1) {
      const moment = run.moments[seen];
      const event = run.events[moment?.n ?? -1];
      if (moment?.what !== 'start' || event === undefined) continue;
      const started = laneOf(event.priority);
      waiting[started] = (waiting[started] ?? 0) - 1;
      for (const lane of [0, 1, 2, 3]) {
        const passed = lane === started || waiting[lane] === 0 ? 0 : (passedOver[lane] ?? 0) + 1;
        passedOver[lane] = passed;
        const bound = 2 * (sum - (weights[lane] ?? 0));
        if (passed > bound)
          return `lane ${names[lane]} was passed over ${passed} times; its bound is ${bound}`;
      }
    }
    return undefined;
  };

  for (const { priority, count, thenStarts } of bursts) {
    for (let n = 0; n < count; n += 1) {
      run.publish({ priority, script: { deeds: ['ok-later'], takesMs: 1 } });
      waiting[laneOf(priority)] = (waiting[laneOf(priority)] ?? 0) + 1;
    }
    // Each handler takes a millisecond, and one runs at a time.
    await run.bus.advanceBy(thenStarts);
    const reason = judge();
    if (reason !== undefined) return reason;
  }
  await run.rest();
  return judge();
}
