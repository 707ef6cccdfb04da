import fc from 'fast-check';
import { plainRecord } from './plain-record.ts';
import type { BreakerOptions } from '../../actors/breaker.ts';
import { createBreaker, type Breaker, type Permit } from '../../actors/create-breaker.ts';
import type { Clock } from '../../streams/event/clock.ts';
import type { CallResult } from '../../streams/event/outcome.ts';
import type { Random } from '../../streams/event/random.ts';
import { BreakerModel, type ModelOptions } from './breaker-model.ts';
import { holdLaw, type LawOptions } from './hold-law.ts';
import { seededRandom } from './seeded-random.ts';
import { createVirtualClock } from './virtual-clock.ts';

/** The part of a breaker that is judged: `createBreaker` makes one. */
export type JudgedBreaker = Pick<Breaker, 'state' | 'tryAcquire' | 'isolate' | 'reset' | 'close'>;

/** Makes the breaker that is judged. */
export type BreakerUnderTest = (
  options: BreakerOptions,
  ports: { readonly clock: Clock; readonly random: Random },
) => JudgedBreaker;

/** One step against a breaker. `call` and `release` mean the `which`-th call that runs, modulo how many do. */
export type BreakerStep =
  | { readonly do: 'start' | 'isolate' | 'reset' }
  | { readonly do: 'end'; readonly which: number; readonly result: CallResult }
  | { readonly do: 'release'; readonly which: number }
  | { readonly do: 'wait'; readonly ms: number };

/** A breaker's options and what is done to it. */
export interface BreakerHistory {
  readonly options: ModelOptions;
  readonly steps: readonly BreakerStep[];
  readonly seed: number;
}

const slowMs = 100;

/**
 * Law: a call starts while the breaker is closed, or as one of `halfOpenCalls` trials, and never else; it opens when
 * the window crosses a threshold with `minimumCalls` in it and not before; a result of a state that is over changes
 * nothing. Every step is compared with a plain model of these rules.
 *
 * Takes what makes a breaker; windows count calls. A case takes about 0.1 ms.
 *
 * @throws LawViolation with the smallest steps found that the breaker answers otherwise than the model.
 * @example
 * ```ts
 * await lawBreakerSafety(createBreaker, { numRuns: 1_000 });
 * ```
 */
export function lawBreakerSafety(
  make: BreakerUnderTest = createBreaker,
  options: LawOptions<BreakerHistory> = {},
): Promise<void> {
  return holdLaw(
    {
      name: 'lawBreakerSafety',
      says: 'starts a call only where its rules do',
      subject: 'createMyBreaker, ',
      cases: anyBreakerHistory(),
      async check(history) {
        const story: string[] = [];
        const reason = compare(make, history, story);
        return reason === undefined ? undefined : { reason, story: story.join('\n') };
      },
    },
    options,
  );
}

function anyBreakerHistory(): fc.Arbitrary<BreakerHistory> {
  const result = fc.constantFrom<CallResult>('ok', 'failed', 'slow', 'slow-failed');
  const step = fc.oneof<fc.MaybeWeightedArbitrary<BreakerStep>[]>(
    { weight: 9, arbitrary: fc.constant({ do: 'start' }) },
    { weight: 7, arbitrary: plainRecord({ do: fc.constant('end'), which: fc.nat(5), result }) },
    { weight: 1, arbitrary: plainRecord({ do: fc.constant('release'), which: fc.nat(5) }) },
    {
      weight: 3,
      arbitrary: plainRecord({ do: fc.constant('wait'), ms: fc.constantFrom(1, 10, 11, 50, 100, 500) }),
    },
    { weight: 1, arbitrary: fc.constantFrom<BreakerStep>({ do: 'reset' }, { do: 'isolate' }) },
  );
  return plainRecord({
    options: anyModelOptions(),
    steps: fc.array(step, { maxLength: 60, size: 'max' }),
    seed: fc.nat(1_000_000),
  });
}

function anyModelOptions(): fc.Arbitrary<ModelOptions> {
  return plainRecord({
    windowSize: fc.constantFrom(1, 2, 3, 4, 8),
    least: fc.nat(7),
    failureRateThreshold: fc.constantFrom(0.5, 0.25, 1, Infinity),
    slowCallRateThreshold: fc.constantFrom(Infinity, 0.5, 1),
    consecutiveFailures: fc.constantFrom(Infinity, 1, 2, 3),
    slowCallDurationMs: fc.constant(slowMs),
    resetTimeoutMs: fc.constantFrom(10, 0, 100),
    growth: fc.constantFrom(1, 4, 1_000),
    jitter: fc.constantFrom(0, 0.5, 1),
    halfOpenCalls: fc.constantFrom(1, 2, 3, 5),
    halfOpenTimeoutMs: fc.constantFrom(50, 20, 0),
  }).map(({ least, growth, ...rest }) => ({
    ...rest,
    minimumCalls: 1 + (least % rest.windowSize),
    maxResetTimeoutMs: rest.resetTimeoutMs * growth,
  }));
}

/** What the breaker did otherwise than the model; undefined where nothing. */
function compare(make: BreakerUnderTest, history: BreakerHistory, story: string[]): string | undefined {
  const { options, steps, seed } = history;
  const clock = createVirtualClock({ now: 0 });
  // Both draw the same: the k-th opening has the k-th jitter.
  const breaker = make(options, { clock, random: seededRandom(seed) });
  const model = new BreakerModel(options, seededRandom(seed));
  const running: { readonly permit: Permit; readonly epoch: number }[] = [];
  try {
    for (const step of steps) {
      const before = model.state;
      const epoch = model.epoch;
      const wrong = take(step, { breaker, model, running, clock });
      story.push(`${String(clock.monotonic()).padStart(6)} ms  ${shown(step)}: ${breaker.state}`);
      if (wrong !== undefined) return `${wrong} while ${before}`;
      if (breaker.state !== model.state)
        return `it is ${breaker.state} after ${shown(step)}, and should be ${model.state}`;
      if (model.epoch !== epoch) story.push(`${' '.repeat(11)}now ${model.state}`);
    }
    return undefined;
  } finally {
    breaker.close();
  }
}

interface Stage {
  readonly breaker: JudgedBreaker;
  readonly model: BreakerModel;
  readonly running: { readonly permit: Permit; readonly epoch: number }[];
  readonly clock: { advanceBySync(ms: number): void };
}

function take(step: BreakerStep, { breaker, model, running, clock }: Stage): string | undefined {
  switch (step.do) {
    case 'start': {
      const allowed = model.acquire();
      const { epoch } = model;
      const permit = breaker.tryAcquire();
      if (permit !== undefined) running.push({ permit, epoch });
      if (allowed === (permit !== undefined)) return undefined;
      return allowed ? 'it refused a call that may start' : 'it let a call start that may not,';
    }
    case 'wait':
      clock.advanceBySync(step.ms);
      model.advance(step.ms);
      return undefined;
    case 'isolate':
    case 'reset':
      breaker[step.do]();
      model[step.do]();
      return undefined;
    case 'end':
    case 'release': {
      const [call] = running.splice(step.which % Math.max(1, running.length), 1);
      if (call === undefined) return undefined;
      if (step.do === 'release') {
        call.permit.release();
        model.release(call.epoch);
        return undefined;
      }
      const slow = step.result.startsWith('slow');
      const durationMs = slow ? slowMs + 1 : slowMs;
      if (step.result.endsWith('failed')) call.permit.failed(durationMs);
      else call.permit.ok(durationMs);
      model.record(step.result, call.epoch);
      return undefined;
    }
  }
}

function shown(step: BreakerStep): string {
  switch (step.do) {
    case 'wait':
      return `wait ${step.ms} ms`;
    case 'end':
      return `a call ends ${step.result}`;
    case 'start':
      return 'a call asks to start';
    default:
      return step.do;
  }
}
