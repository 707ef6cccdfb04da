import { Subject } from 'rxjs';
import { collect, customAggregate, max, tumblingWindow, Watermark } from 'breakwater/streams';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';

/** One pane that a transcript expects; only what it states is compared. */
interface ExpectedPane {
  readonly window: readonly [first: number, last: number];
  readonly values: readonly number[];
  readonly [attribute: string]: unknown;
}

type Action =
  | { readonly input: readonly number[] }
  | { readonly watermark: number }
  | { readonly expect: readonly ExpectedPane[] };

export interface Transcript {
  readonly name: string;
  /** What a transcript that must fail fails with. */
  readonly error?: string;
  readonly window_fn: string;
  readonly trigger_fn?: string;
  readonly timestamp_combiner?: string;
  readonly accumulation_mode?: string;
  readonly transcript: readonly Action[];
}

/** Plays a transcript of Apache Beam. Throws on the first pane that is missing or not expected. */
export function playTranscript(transcript: Transcript): void {
  const sizeMs = Number(/^FixedWindows\((\d+)\)$/u.exec(transcript.window_fn)?.[1]);
  const everyCount = /early=AfterCount\((\d+)\)/u.exec(transcript.trigger_fn ?? '')?.[1];
  const clock = createVirtualClock();
  const source = new Subject<number | Watermark>();
  let watermark = -Infinity;
  let panes: Readonly<Record<string, unknown>>[] = [];
  const punctual = new Map<number, number>();

  source
    .pipe(
      tumblingWindow({
        sizeMs,
        time: (value: number) => value,
        aggregate: { values: collect(), earliest: earliestPunctual(() => watermark), latest: max((x) => x) },
        accumulation: transcript.accumulation_mode === 'discarding' ? 'discarding' : 'accumulating',
        // Beam's default trigger takes late values for ever; a trigger without a late part takes none.
        allowedLatenessMs: everyCount === undefined ? Infinity : 0,
        // Beam judges triggers at the end of a bundle.
        ...(everyCount !== undefined && { early: { everyCount: Number(everyCount), coalesce: true }, clock }),
      }),
    )
    .subscribe((result) => {
      if (result instanceof Watermark) return;
      const { start, end, time, timing, values, earliest, latest, revision, final } = result;
      const combined: Readonly<Record<string, number>> = {
        OUTPUT_AT_EARLIEST: earliest,
        OUTPUT_AT_LATEST: latest,
      };
      const index = punctual.get(start) ?? 0;
      if (timing !== 'early') punctual.set(start, index + 1);
      panes.push({
        window: [start, end - 1],
        values,
        timestamp: combined[transcript.timestamp_combiner ?? ''] ?? time,
        early: timing === 'early',
        late: timing === 'late',
        final,
        index: revision,
        nonspeculative_index: index,
      });
    });

  const act = (action: () => void): void => {
    if (panes.length > 0) throw new Error(`Unexpected output: ${JSON.stringify(panes)}`);
    action();
    clock.flushSync();
  };
  for (const action of transcript.transcript) {
    if ('input' in action) act(() => action.input.forEach((value) => source.next(value)));
    if ('watermark' in action) {
      act(() => source.next(new Watermark(action.watermark)));
      ({ watermark } = action);
    }
    if ('expect' in action) panes = withoutExpected(panes, action.expect);
  }
  if (panes.length > 0) throw new Error(`Unexpected output: ${JSON.stringify(panes)}`);
}

/** The earliest value that was not behind the watermark when it came: Beam's late values hold nothing. */
function earliestPunctual(watermark: () => number) {
  return customAggregate({
    create: () => ({ earliest: Infinity }),
    add(state: { earliest: number }, value: number) {
      if (value >= watermark() && value < state.earliest) state.earliest = value;
    },
    merge(into, from) {
      into.earliest = Math.min(into.earliest, from.earliest);
    },
    result: ({ earliest }) => earliest,
  });
}

function withoutExpected(
  panes: readonly Readonly<Record<string, unknown>>[],
  expected: readonly ExpectedPane[],
): Readonly<Record<string, unknown>>[] {
  const left = [...panes];
  for (const pane of expected) {
    const found = left.findIndex((candidate) =>
      Object.entries(pane).every(
        ([name, value]) => JSON.stringify(candidate[name]) === JSON.stringify(value),
      ),
    );
    if (found === -1) throw new Error(`Unmatched output: ${JSON.stringify(pane)} of ${JSON.stringify(left)}`);
    left.splice(found, 1);
  }
  return left;
}
