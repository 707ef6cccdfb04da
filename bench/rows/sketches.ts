import { DDSketch } from 'breakwater/streams';
import { timesEachPeer } from '../harness/goals.ts';
import { ratePerCore } from '../harness/measure.ts';
import type { Measure, Row } from '../harness/row.ts';
import { drawCalls } from '../workload/calls.ts';

/** Reads the 95th percentile after every thousandth number. */
function percentiles(make: () => { add(value: number): void; percentile(): number }): () => Measure {
  const numbers = 64 * 1024;
  return () => {
    const calls = drawCalls(numbers, 1, 1);
    return () =>
      ratePerCore(numbers, () => {
        const figures = make();
        for (const [at, { ms }] of calls.entries()) {
          figures.add(ms);
          if (at % 1_000 === 999 && !(figures.percentile() > 0)) throw new Error('no percentile');
        }
      });
  };
}

export const windowsPercentile: Row = {
  id: 'windows-percentile',
  what: 'numbers counted, and their 95th percentile read at every thousandth of 64 Ki',
  unit: 'numbers/s',
  better: 'higher',
  goal: timesEachPeer(2),
  subject: {
    name: 'breakwater',
    prepare: percentiles(() => {
      const sketch = new DDSketch();
      return { add: (value) => sketch.add(value), percentile: () => sketch.quantile(0.95) };
    }),
  },
  peers: [
    {
      name: 'sorting',
      prepare: percentiles(() => {
        const numbers: number[] = [];
        return {
          add: (value) => numbers.push(value),
          percentile: () => {
            const sorted = Float64Array.from(numbers).toSorted();
            return sorted[Math.ceil(0.95 * sorted.length) - 1] ?? Number.NaN;
          },
        };
      }),
    },
  ],
};
