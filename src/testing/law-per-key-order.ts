import { anyBusHistory, defaultBus, type BusLawOptions } from './bus-history.ts';
import { holdLaw } from './hold-law.ts';
import { ProbeRun, type BusUnderTest, type Moment, type Probed } from './probe-run.ts';

/**
 * Law: with `order: 'key'`, events that share a key never overlap or swap, through priorities, retries, timeouts,
 * pauses and every interleaving. With `subscriber: { order: 'total' }` the same for all events.
 *
 * Takes the bus as options, as for `createBus`. A case takes about 3 ms with the memory transport.
 *
 * @throws LawViolation with the smallest history found in which they do.
 * @example
 * ```ts
 * await lawPerKeyOrder({ transport: memoryTransport() }, { numRuns: 50 });
 * ```
 */
export function lawPerKeyOrder(bus: BusUnderTest = defaultBus, options: BusLawOptions = {}): Promise<void> {
  const order = options.subscriber?.order === 'total' ? 'total' : 'key';
  return holdLaw(
    {
      name: 'lawPerKeyOrder',
      says: 'keeps the order of events that share a key',
      subject: 'bus, ',
      cases: anyBusHistory(options, { order }),
      async check({ commands, ...rest }) {
        const run = new ProbeRun(bus, rest);
        await run.run(commands);
        await run.rest();
        const reason = order === 'total' ? disorder(run.moments) : disorderInKeys(run.moments, run.events);
        return reason === undefined ? undefined : { reason, story: run.bus.timelineText() };
      },
    },
    options,
  );
}

function disorderInKeys(moments: readonly Moment[], events: readonly Probed[]): string | undefined {
  const keys = new Set(events.flatMap(({ key }) => (key === undefined ? [] : [key])));
  for (const key of keys) {
    const reason = disorder(moments.filter(({ n }) => events[n]?.key === key));
    if (reason !== undefined) return `key ${key}: ${reason}`;
  }
  return undefined;
}

/** How moments show an overlap or a swap. Events are numbered as they were published, from 0; shown from 1. */
function disorder(moments: readonly Moment[]): string | undefined {
  let latest = -1;
  let running: number | undefined;
  for (const { what, n } of moments) {
    if (what === 'start') {
      if (running !== undefined) return `event #${n + 1} started while #${running + 1} ran`;
      if (n < latest) return `event #${n + 1} started after #${latest + 1}, which was published later`;
      latest = n;
      running = n;
    } else if (running === n) running = undefined;
    else return `event #${n + 1} ended, though it did not run`;
  }
  return undefined;
}
