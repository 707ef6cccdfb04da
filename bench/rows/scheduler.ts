import { createBus } from 'breakwater';
import { Subject as RxSubject, mergeMap } from 'rxjs';
import { noGoal } from '../harness/goals.ts';
import { ratePerCore } from '../harness/measure.ts';
import { importPeer } from '../harness/peers.ts';
import type { Measure, Row } from '../harness/row.ts';
import type { CallbackQueueModule } from '../peers/fastq.ts';
import { burst, silent } from '../workload/orders.ts';

const concurrency = 16;

interface Scheduler {
  readonly push: (n: number) => void;
  readonly idle: () => Promise<unknown>;
}

/** Pushes bursts, each once the one before is handled; the handler is asynchronous and does nothing. */
function inBursts(
  tasks: number,
  open: (handle: () => Promise<void>) => Scheduler | Promise<Scheduler>,
): () => Promise<Measure> {
  return async () => {
    let handled = 0;
    const { push, idle } = await open(async () => {
      handled += 1;
    });
    return async () => {
      const before = handled;
      const rate = await ratePerCore(tasks, async () => {
        for (let n = 0; n < tasks;) {
          for (const end = n + burst; n < end; n += 1) push(n);
          await idle();
        }
      });
      if (handled - before !== tasks) throw new Error(`${handled - before} of ${tasks} were handled`);
      return rate;
    };
  };
}

const lanes = ['critical', 'high', 'normal', 'low'] as const;
const fieldsOfLane = lanes.map((priority) => ({ priority }));

const onBus = inBursts(512 * 1024, (handle) => {
  const bus = createBus({ source: 'bench', logger: silent });
  bus.subscribe('task', handle, { concurrency });
  return {
    push: (n) => bus.emit('task', n, fieldsOfLane[n & 3]),
    idle: () => bus.idle(),
  };
});

const onFastq = inBursts(512 * 1024, async (handle) => {
  const { default: fastq } = await importPeer<CallbackQueueModule>('fastq');
  const queue = fastq.promise(handle, concurrency);
  return { push: (n) => void queue.push(n), idle: () => queue.drained() };
});

const onMergeMap = inBursts(512 * 1024, (handle) => {
  const tasks = new RxSubject<number>();
  let open = 0;
  let drained: () => void = () => {};
  tasks.pipe(mergeMap(handle, concurrency)).subscribe(() => {
    open -= 1;
    if (open === 0) drained();
  });
  return {
    push: (n) => {
      open += 1;
      tasks.next(n);
    },
    idle: () =>
      new Promise<void>((resolve) => {
        drained = resolve;
      }),
  };
});

interface EffectModule {
  readonly Effect: {
    readonly promise: (make: () => Promise<void>) => unknown;
    readonly runPromise: (effect: unknown) => Promise<unknown>;
  };
  readonly Stream: {
    readonly fromIterable: (items: Iterable<number>) => Pipeable;
    readonly mapEffect: (
      map: (n: number) => unknown,
      options: { readonly concurrency: number; readonly unordered: boolean },
    ) => unknown;
    readonly runDrain: unknown;
  };
}
interface Pipeable {
  pipe(...steps: readonly unknown[]): unknown;
}

const onEffect = inBursts(32 * 1024, async (handle) => {
  const { Effect, Stream } = await importPeer<EffectModule>('effect');
  let waiting: number[] = [];
  return {
    push: (n) => waiting.push(n),
    idle: () => {
      const tasks = waiting;
      waiting = [];
      const handled = Stream.mapEffect(() => Effect.promise(handle), { concurrency, unordered: true });
      return Effect.runPromise(Stream.fromIterable(tasks).pipe(handled, Stream.runDrain));
    },
  };
});

export const scheduler: Row = {
  id: 'scheduler',
  what: `tasks without a schema through lanes to an async handler, ${concurrency} at once, ${burst} at a time`,
  unit: 'tasks/s',
  better: 'higher',
  goal: noGoal,
  subject: { name: 'breakwater', prepare: onBus },
  peers: [
    { name: 'fastq', prepare: onFastq },
    { name: 'rxjs mergeMap', prepare: onMergeMap },
    { name: 'effect Stream.mapEffect', prepare: onEffect },
  ],
};
