import { createBus, type Bus } from 'breakwater';
import { count, max, sum, tumblingWindow, withoutWatermarks, withWatermarks } from 'breakwater/streams';
import { noGoal } from '../harness/goals.ts';
import { ratePerCore } from '../harness/measure.ts';
import type { Measure, Row } from '../harness/row.ts';
import { orderPlaced } from '../workload/order-placed.ts';
import { burst, orderAt, silent } from '../workload/orders.ts';

const events = 512 * 1024;

/** Publishes in bursts to what `listen` sets up, and has it say how many events reached its end. */
function publishing(listen: (bus: Bus) => () => number): () => Measure {
  return () => {
    const bus = createBus({ source: 'bench', logger: silent });
    const arrived = listen(bus);
    return async () => {
      const before = arrived();
      const rate = await ratePerCore(events, async () => {
        for (let n = 0; n < events;) {
          for (const end = n + burst; n < end; n += 1) void bus.publish(orderPlaced, orderAt(n));
          await bus.idle();
        }
      });
      if (arrived() - before !== events) throw new Error(`${arrived() - before} of ${events} arrived`);
      return rate;
    };
  };
}

/** Counts the events of windows as they come: the last of them are still open when a run ends. */
const throughWindows = publishing((bus) => {
  let arrived = 0;
  let results = 0;
  bus
    .stream(orderPlaced)
    .pipe(
      withWatermarks({ boundMs: 10 }),
      tumblingWindow({
        sizeMs: 100,
        key: (order) => order.data.severity,
        aggregate: {
          n: count(() => {
            arrived += 1;
            return true;
          }),
          total: sum((order) => order.data.total),
          most: max((order) => order.data.total),
        },
      }),
      withoutWatermarks(),
    )
    .subscribe(() => (results += 1));
  return () => {
    if (arrived > events && results === 0) throw new Error('no window has closed');
    return arrived;
  };
});

const plainStream = publishing((bus) => {
  let arrived = 0;
  bus.stream(orderPlaced).subscribe(() => (arrived += 1));
  return () => arrived;
});

const subscriber = publishing((bus) => {
  let arrived = 0;
  bus.subscribe(orderPlaced, async () => {
    arrived += 1;
  });
  return () => arrived;
});

export const busStream: Row = {
  id: 'bus-stream',
  what: `published events through bus.stream into tumbling windows with 3 figures; ${burst} at a time`,
  unit: 'events/s',
  better: 'higher',
  goal: noGoal,
  subject: { name: 'breakwater', prepare: throughWindows },
  peers: [
    { name: 'bus.stream without operators', prepare: plainStream },
    { name: 'bus.subscribe', prepare: subscriber },
  ],
};
