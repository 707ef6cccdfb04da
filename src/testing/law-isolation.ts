import fc from 'fast-check';
import { plainRecord } from './plain-record.ts';
import type { SubscriberOptions } from '../options.ts';
import { anyCommands } from './any-commands.ts';
import { anySubscriberOptions } from './any-subscriber-options.ts';
import { defaultBus, type BusLawOptions } from './bus-history.ts';
import { holdLaw } from './hold-law.ts';
import { ProbeRun, type BusHistory, type BusUnderTest, type Moment } from './probe-run.ts';

/** What is judged. `jitter: 'none'`, for the neighbour draws from the same randomness. */
const judged: SubscriberOptions = { order: 'key', concurrency: 2, retry: { baseMs: 20, jitter: 'none' } };

/**
 * Law: what one subscriber does changes nothing of what another receives, nor when.
 *
 * Runs each history twice, with and without a neighbour that fails, hangs, drops and trips. Takes the bus as
 * options, as for `createBus`. A case takes about 6 ms with the memory transport.
 *
 * @throws LawViolation with the smallest history found in which the neighbour is felt.
 * @example
 * ```ts
 * await lawIsolation({ transport: memoryTransport() }, { numRuns: 50 });
 * ```
 */
export function lawIsolation(bus: BusUnderTest = defaultBus, options: BusLawOptions = {}): Promise<void> {
  return holdLaw<BusHistory>(
    {
      name: 'lawIsolation',
      says: 'keeps subscribers from disturbing each other',
      subject: 'bus, ',
      cases: plainRecord({
        commands: anyCommands({ maxCommands: 40, also: [], ...options.commands }),
        // The neighbour's options; those of the judged one stand.
        subscriber: anySubscriberOptions(),
        seed: fc.nat(1_000_000),
      }),
      async check(history) {
        const alone = await momentsOf(bus, history, { ...judged, ...options.subscriber }, false);
        const together = await momentsOf(bus, history, { ...judged, ...options.subscriber }, true);
        const at = alone.moments.findIndex(
          (moment, index) => shown(moment) !== shown(together.moments[index]),
        );
        if (at === -1 && alone.moments.length === together.moments.length) return undefined;
        const from = at === -1 ? alone.moments.length : at;
        const [expected, got] = [shown(alone.moments[from]), shown(together.moments[from])];
        return {
          reason: `alone, the subscriber sees: ${expected}; with a neighbour: ${got}`,
          story: together.story,
        };
      },
    },
    options,
  );
}

async function momentsOf(
  under: BusUnderTest,
  { commands, subscriber = {}, seed = 1 }: BusHistory,
  chosen: SubscriberOptions,
  withNeighbour: boolean,
): Promise<{ readonly moments: readonly Moment[]; readonly story: string }> {
  const run = new ProbeRun(under, { seed, subscriber: chosen });
  if (withNeighbour) {
    run.subscribe(
      'neighbour',
      { timeoutMs: 400, breaker: { minimumCalls: 2, windowSize: 4 }, ...subscriber },
      [],
    );
  }
  await run.run(commands);
  await run.rest();
  return { moments: run.moments, story: run.bus.timelineText() };
}

function shown(moment: Moment | undefined): string {
  if (moment === undefined) return 'nothing more';
  const { what, n, attempt, at } = moment;
  return `${what} of event #${n + 1}, attempt ${attempt}, at ${at} ms`;
}
