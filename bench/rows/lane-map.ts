import { laneMap } from 'breakwater/streams';
import { mergeMap, Subject, type OperatorFunction } from 'rxjs';
import { timesEachPeer } from '../harness/goals.ts';
import { ratePerCore } from '../harness/measure.ts';
import type { Measure, Row } from '../harness/row.ts';

const concurrency = 8;
const lanes = ['critical', 'high', 'normal', 'low'] as const;

interface Task {
  readonly n: number;
  readonly priority: (typeof lanes)[number];
}

/** All tasks are there before the first has ended, so that all but eight wait; the handler does nothing, later. */
function draining(tasks: number, operator: () => OperatorFunction<Task, void>): () => Measure {
  return () => () =>
    ratePerCore(tasks, async () => {
      const source = new Subject<Task>();
      let handled = 0;
      const drained = new Promise<void>((resolve) => {
        source.pipe(operator()).subscribe({ next: () => (handled += 1), complete: resolve });
      });
      for (let n = 0; n < tasks; n += 1) source.next({ n, priority: lanes[n & 3] ?? 'low' });
      source.complete();
      await drained;
      if (handled !== tasks) throw new Error(`${handled} of ${tasks} were handled`);
    });
}

async function handle(): Promise<void> {}

export const laneMapRow: Row = {
  id: 'lane-map',
  what: `100,000 waiting tasks through an operator to an async handler, ${concurrency} at once (mergeMap: without lanes)`,
  unit: 'tasks/s',
  better: 'higher',
  goal: timesEachPeer(10),
  subject: {
    name: 'breakwater laneMap',
    prepare: draining(100_000, () => laneMap(handle, { concurrency, capacity: 100_000 })),
  },
  peers: [{ name: 'rxjs mergeMap', prepare: draining(100_000, () => mergeMap(handle, concurrency)) }],
  // A run of mergeMap takes ten seconds, and four times that with twice as many tasks.
  runs: 3,
  warmUps: 1,
};
