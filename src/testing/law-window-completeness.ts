import fc from 'fast-check';
import { plainRecord } from './plain-record.ts';
import { from, lastValueFrom, toArray, type OperatorFunction } from 'rxjs';
import { describeError } from '../../streams/event/describe-error.ts';
import { holdLaw, type LawOptions } from './hold-law.ts';

/** A value that windows take: its time, its key, and a number of its own. */
export interface WindowSample {
  readonly time: number;
  readonly key: string;
  readonly n: number;
}

/** The part of a window's result that is judged. Of several results of one window, the last counts. */
export interface WindowHolding {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  /** What the window holds: `aggregate: { samples: collect() }`. */
  readonly samples: readonly WindowSample[];
}

/** Makes the pipeline that is judged: it may take no sample for late that is at most `boundMs` behind the latest. */
export type WindowUnderTest = (boundMs: number) => OperatorFunction<WindowSample, WindowHolding>;

/** What the law may be told. */
export interface WindowLawOptions extends LawOptions<WindowHistory> {
  /** The windows that a sample of this time belongs to, as [start, end). */
  readonly windowsOf: (time: number) => readonly (readonly [start: number, end: number])[];
  /** Times go from 0 to this. Default `120`. */
  readonly maxTime?: number;
}

/** Samples, and by how much each arrives behind its time. */
export interface WindowHistory {
  readonly boundMs: number;
  readonly samples: readonly { readonly time: number; readonly key: string; readonly lateByMs: number }[];
}

/**
 * Law: every sample on time is in exactly the windows that its time says, of its key, whatever the order in which
 * samples arrive within the bound; and no window has a sample that is not its own.
 *
 * Takes what makes a pipeline from samples to the last results of windows. A case takes about 0.1 ms.
 *
 * @throws LawViolation with the fewest samples found for which it does not hold.
 * @example
 * ```ts
 * const perTen = (boundMs: number) =>
 *   pipe(
 *     withWatermarks<WindowSample>({ boundMs }),
 *     tumblingWindow({ sizeMs: 10, key: (s) => s.key, aggregate: { samples: collect() } }),
 *     withoutWatermarks(),
 *   );
 * await lawWindowCompleteness(perTen, { windowsOf: (time) => [[time - (time % 10), time - (time % 10) + 10]] });
 * ```
 */
export function lawWindowCompleteness(make: WindowUnderTest, options: WindowLawOptions): Promise<void> {
  const { windowsOf, maxTime = 120 } = options;
  return holdLaw(
    {
      name: 'lawWindowCompleteness',
      says: 'puts each sample into exactly its windows',
      subject: 'myWindow, ',
      cases: plainRecord({
        boundMs: fc.nat(30),
        samples: fc.array(
          plainRecord({ time: fc.nat(maxTime), key: fc.constantFrom('a', 'b'), lateByMs: fc.nat(30) }),
          { maxLength: 40, size: 'max' },
        ),
      }),
      async check({ boundMs, samples }) {
        const arriving = inArrivalOrder(samples, boundMs);
        const told = await resultsOf(make(boundMs), arriving);
        if (typeof told === 'string') return { reason: told, story: shownSamples(arriving) };
        const reason = misplaced(arriving, told, windowsOf);
        return reason === undefined ? undefined : { reason, story: shownSamples(arriving) };
      },
    },
    options,
  );
}

/** None comes more than `boundMs` after a later one: sorted by time plus a delay of its own. */
function inArrivalOrder(samples: WindowHistory['samples'], boundMs: number): WindowSample[] {
  return samples
    .map(({ time, key, lateByMs }, n) => ({
      sample: { time, key, n },
      at: time + Math.min(lateByMs, boundMs),
    }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ sample }) => sample);
}

async function resultsOf(
  operator: OperatorFunction<WindowSample, WindowHolding>,
  samples: readonly WindowSample[],
): Promise<Map<string, WindowHolding> | string> {
  try {
    const results = await lastValueFrom(from(samples).pipe(operator, toArray()));
    return new Map(results.map((result) => [nameOf(result.key, result.start, result.end), result]));
  } catch (error) {
    return `the pipeline failed with ${describeError(error)}`;
  }
}

function misplaced(
  samples: readonly WindowSample[],
  told: ReadonlyMap<string, WindowHolding>,
  windowsOf: WindowLawOptions['windowsOf'],
): string | undefined {
  const belong = new Map<string, number[]>();
  for (const { time, key, n } of samples) {
    for (const [start, end] of windowsOf(time)) {
      const name = nameOf(key, start, end);
      belong.set(name, [...(belong.get(name) ?? []), n]);
    }
  }
  for (const [name, numbers] of belong) {
    const held = told.get(name)?.samples.map(({ n }) => n) ?? [];
    const missing = numbers.find((n) => !held.includes(n));
    if (missing !== undefined) return `window ${name} lacks sample ${missing}`;
    const foreign = held.find((n) => !numbers.includes(n));
    if (foreign !== undefined) return `window ${name} holds sample ${foreign}, which is not its own`;
    if (held.length > numbers.length) return `window ${name} holds a sample twice: ${held.join(', ')}`;
  }
  const extra = [...told.keys()].find((name) => !belong.has(name));
  return extra === undefined ? undefined : `window ${extra} has a result, and no sample is in it`;
}

function nameOf(key: string, start: number, end: number): string {
  return `[${start}, ${end}) of ${key}`;
}

function shownSamples(samples: readonly WindowSample[]): string {
  return samples.map(({ time, key, n }) => `sample ${n} of ${key}, time ${time}`).join('\n');
}
