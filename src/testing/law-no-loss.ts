import { anyBusHistory, defaultBus, type BusLawOptions } from './bus-history.ts';
import { holdLaw } from './hold-law.ts';
import { ProbeRun, type BusUnderTest } from './probe-run.ts';

/** What the law may be told. */
export interface NoLossOptions extends BusLawOptions {
  /** Whether an event may come again after it was handled, as at-least-once transports do. Default `false`. */
  readonly mayRepeat?: boolean;
}

/**
 * Law: every event whose publish resolved is handled, dead-lettered, or dropped by a policy that the subscriber
 * chose and counted as such; and none is handled twice, unless `mayRepeat`.
 *
 * Takes the bus as options, as for `createBus`. A case takes about 3 ms with the memory transport.
 *
 * @throws LawViolation with the smallest history found in which an event is lost.
 * @example
 * ```ts
 * await lawNoLoss({ transport: memoryTransport() }, { numRuns: 50 });
 * ```
 */
export function lawNoLoss(bus: BusUnderTest = defaultBus, options: NoLossOptions = {}): Promise<void> {
  return holdLaw(
    {
      name: 'lawNoLoss',
      says: 'loses no event that it has accepted',
      subject: 'bus, ',
      cases: anyBusHistory(options),
      async check({ commands, ...rest }) {
        const run = new ProbeRun(bus, rest);
        await run.run(commands);
        await run.rest();
        const reason = loss(run, options.mayRepeat === true);
        return reason === undefined ? undefined : { reason, story: run.bus.timelineText() };
      },
    },
    options,
  );
}

function loss(run: ProbeRun, mayRepeat: boolean): string | undefined {
  const handled = new Map<number, number>();
  for (const { n, ok } of run.moments) if (ok) handled.set(n, (handled.get(n) ?? 0) + 1);
  const settled = new Set([...handled.keys(), ...run.deadLetters(), ...run.dropped()]);
  for (const [n, { publish }] of run.events.entries()) {
    if (publish === 'resolved' && !settled.has(n)) {
      return `event #${n + 1} was published, and neither handled, dead-lettered nor dropped`;
    }
    if (publish === 'pending') return `the publish of event #${n + 1} neither resolved nor failed`;
  }
  const twice = [...handled].find(([, times]) => times > 1);
  if (twice !== undefined && !mayRepeat) return `event #${twice[0] + 1} was handled ${twice[1]} times`;
  const both = run.deadLetters().find((n) => handled.has(n));
  if (both !== undefined && !mayRepeat) return `event #${both + 1} was handled, and is a dead letter, too`;
  const { subscription } = run;
  const { queue, running } = subscription.stats();
  if (queue.size + running > 0) return `${queue.size} events still wait and ${running} still run at the end`;
  return undefined;
}
