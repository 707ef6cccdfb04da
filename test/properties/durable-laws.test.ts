import { defineEvent, type Bus, type SubscriberOptions } from 'breakwater';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createDurableWorld, delayed, reopened, type DurableWorld } from '../support/durable-world.ts';

const work = defineEvent(
  'work.do',
  z.object({ n: z.int(), key: z.string().optional(), deeds: z.array(z.string()) }),
  {
    key: (data) => data.key,
  },
);

/** What a handler does with an event, at attempt 1, 2 and on. */
type Deed = 'ok' | 'later' | 'throw' | 'late throw';

type Step =
  | {
      readonly do: 'publish';
      readonly count: number;
      readonly key: string | undefined;
      readonly priority: 'critical' | 'normal' | 'low';
      readonly deeds: readonly Deed[];
    }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'crash' | 'close' };

interface Call {
  readonly run: number;
  readonly n: number;
  readonly position: number;
  readonly key: string | undefined;
  readonly attempt: number;
  readonly startedAt: number;
  endedAt: number;
  failed: boolean;
}

const deed = fc.constantFrom<Deed>('ok', 'ok', 'later', 'throw', 'late throw');

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      count: fc.integer({ min: 1, max: 4 }),
      key: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }),
      priority: fc.constantFrom('critical' as const, 'normal' as const, 'low' as const),
      deeds: fc.array(deed, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 400 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'close' as const) }) },
);

const cases = fc.record({
  order: fc.constantFrom('none' as const, 'key' as const, 'total' as const),
  capacity: fc.integer({ min: 1, max: 8 }),
  concurrency: fc.integer({ min: 1, max: 4 }),
  delayMs: fc.constantFrom(0, 0, 1),
  recentEvents: fc.constantFrom(0, 3, 4_096),
  steps: fc.array(anyStep, { size: 'max', maxLength: 60 }),
});

/** Milliseconds after which a place is written, and some more for a store that takes its time. */
const writtenMs = 103;
const longMs = 5_000;
const deadlineMs = 50;

/** A program that is started, stopped and killed, and what its handler saw. */
class Program {
  readonly calls: Call[] = [];
  readonly published = new Set<number>();
  /** When each run ended, by the clock; and whether it had time to write all. */
  readonly ends: { readonly at: number; readonly clean: boolean }[] = [];
  readonly #world: DurableWorld;
  readonly #options: SubscriberOptions;
  #bus: Bus;
  #run = 0;
  #next = 0;

  constructor(options: SubscriberOptions, delayMs: number, recentEvents: number) {
    this.#world = createDurableWorld({
      store: delayMs === 0 ? reopened() : delayed(reopened(), delayMs),
      transport: { recentEvents },
    });
    this.#options = options;
    this.#bus = this.#start();
  }

  get bus(): Bus {
    return this.#bus;
  }

  async do(step: Step): Promise<void> {
    const { clock } = this.#world;
    if (step.do === 'advance') await clock.advanceBy(step.ms);
    else if (step.do === 'publish') await this.#publish(step);
    else {
      let at = clock.monotonic();
      if (step.do === 'close') {
        const closed = this.#close();
        await clock.advanceBy(deadlineMs + 10);
        // What ends after the deadline is given up, though the close goes on to write.
        at = Math.min(await closed, at + deadlineMs);
      }
      this.ends.push({ at, clean: step.do === 'close' });
      this.#run += 1;
      this.#bus = this.#start();
    }
  }

  /** Gives when it was closed. */
  async #close(): Promise<number> {
    await this.#bus.close({ deadlineMs });
    return this.#world.clock.monotonic();
  }

  async #publish({ count, key, priority, deeds }: Step & { readonly do: 'publish' }): Promise<void> {
    const drafts = Array.from({ length: count }, () => {
      this.#next += 1;
      const data =
        key === undefined ? { n: this.#next, deeds: [...deeds] } : { n: this.#next, key, deeds: [...deeds] };
      return work(data, { priority });
    });
    const publishing = this.#bus.publishBatch(drafts);
    await this.#world.clock.advanceBy(2);
    await publishing;
    for (const { data } of drafts) this.published.add((data as { n: number }).n);
  }

  #start(): Bus {
    const run = this.#run;
    const { clock } = this.#world;
    const bus = this.#world.start();
    const wait = (ms: number): Promise<void> => new Promise((resolve) => void clock.setTimeout(resolve, ms));
    bus.subscribe(
      work,
      async ({ data, key }, { attempt, position = 0 }) => {
        const call: Call = {
          run,
          n: data.n,
          position,
          key,
          attempt,
          startedAt: clock.monotonic(),
          endedAt: Infinity,
          failed: false,
        };
        if (run === this.#run) this.calls.push(call);
        const what = data.deeds[Math.min(attempt, data.deeds.length) - 1];
        if (what === 'later' || what === 'late throw') await wait(7 * attempt);
        call.endedAt = clock.monotonic();
        call.failed = what === 'throw' || what === 'late throw';
        if (call.failed) throw new Error('as told');
      },
      {
        name: 'worker',
        from: 'start',
        breaker: false,
        retry: { maxAttempts: 4, baseMs: 30, jitter: 'none', budgetRatio: 1, minRetriesPerSecond: 1_000 },
        ...this.#options,
      },
    );
    return bus;
  }
}

interface Case {
  readonly order: 'none' | 'key' | 'total';
  readonly capacity: number;
  readonly concurrency: number;
  /** Milliseconds that the store takes to answer. */
  readonly delayMs: number;
  /** Events that the transport keeps in memory. */
  readonly recentEvents: number;
  readonly steps: readonly Step[];
}

function play({ order, capacity, concurrency, delayMs, recentEvents, steps }: Case): Promise<Program> {
  return run(new Program({ order, concurrency, mailbox: { capacity } }, delayMs, recentEvents), steps);
}

async function run(program: Program, steps: readonly Step[]): Promise<Program> {
  for (const step of steps) await program.do(step);
  await program.do({ do: 'advance', ms: longMs });
  return program;
}

/** Whether what became of a call was written before its run ended; of one that the close gave up it is not. */
function wasWritten(call: Call, end: { readonly at: number; readonly clean: boolean }): boolean {
  return end.clean ? call.endedAt < end.at : call.endedAt <= end.at - writtenMs;
}

describe('the laws of a durable subscription', () => {
  it('law 1: handles or gives up every event, whatever crashes and restarts come between', () =>
    fc.assert(
      fc.asyncProperty(cases, async (each) => {
        const program = await play(each);
        const done = new Set(
          program.calls.filter(({ failed, endedAt }) => !failed && endedAt < Infinity).map(({ n }) => n),
        );
        for (const letter of program.bus.deadLetters.list()) done.add((letter.event.data as { n: number }).n);
        expect([...program.published].filter((n) => !done.has(n))).toEqual([]);
      }),
      { numRuns: 60 },
    ));

  it('law 2: never swaps or overlaps events of a key within a run', () =>
    fc.assert(
      fc.asyncProperty(cases, async (each) => {
        if (each.order === 'none') return;
        const program = await play(each);
        const lastOf = new Map<string, Call>();
        for (const call of program.calls) {
          if (each.order === 'key' && call.key === undefined) continue;
          const group = `${call.run} ${each.order === 'key' ? call.key : ''}`;
          const before = lastOf.get(group);
          lastOf.set(group, call);
          if (before === undefined) continue;
          expect(before.endedAt).toBeLessThanOrEqual(call.startedAt);
          expect(before.position).toBeLessThanOrEqual(call.position);
        }
      }),
      { numRuns: 60 },
    ));

  it('gives again nothing that was settled when its place was written', () =>
    fc.assert(
      fc.asyncProperty(cases, async (each) => {
        const program = await play(each);
        for (const call of program.calls) {
          if (call.failed) continue;
          const end = program.ends[call.run];
          if (end === undefined || !wasWritten(call, end)) continue;
          const again = program.calls.filter(({ n, run }) => n === call.n && run > call.run);
          expect(again).toEqual([]);
        }
      }),
      { numRuns: 60 },
    ));

  it('remembers how often an event failed', () =>
    fc.assert(
      fc.asyncProperty(cases, async (each) => {
        const program = await play(each);
        for (const call of program.calls) {
          const end = program.ends[call.run];
          if (!call.failed || end === undefined || !wasWritten(call, end)) continue;
          const next = program.calls.find(({ n, run }) => n === call.n && run > call.run);
          if (next !== undefined) expect(next.attempt).toBeGreaterThan(call.attempt);
        }
      }),
      { numRuns: 60 },
    ));
});
