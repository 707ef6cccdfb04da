import { anyBusHistory, defaultBus, type BusLawOptions } from './bus-history.ts';
import { holdLaw } from './hold-law.ts';
import { ProbeRun, type BusHistory, type BusUnderTest } from './probe-run.ts';

/**
 * Law: the same seed and the same steps give the same run, byte for byte.
 *
 * What breaks it reads the real clock, draws its own random numbers, or lives on from one bus to the next. Takes the
 * bus as options, as for `createBus`; `bus()` is called for each run where it is a function.
 *
 * @throws LawViolation with the smallest history found that runs in two ways.
 * @example
 * ```ts
 * await lawDeterminism({ dedupe: true }, { numRuns: 50 });
 * ```
 */
export function lawDeterminism(bus: BusUnderTest = defaultBus, options: BusLawOptions = {}): Promise<void> {
  return holdLaw(
    {
      name: 'lawDeterminism',
      says: 'runs the same way for the same seed',
      subject: 'bus, ',
      cases: anyBusHistory(options),
      async check(history) {
        const first = await runOf(bus, history);
        const second = await runOf(bus, history);
        if (first.fingerprint() === second.fingerprint()) return undefined;
        return {
          reason: `two runs have the fingerprints ${first.fingerprint()} and ${second.fingerprint()}`,
          story: difference(first.timelineText(), second.timelineText()),
        };
      },
    },
    options,
  );
}

async function runOf(under: BusUnderTest, { commands, ...rest }: BusHistory): Promise<ProbeRun['bus']> {
  const run = new ProbeRun(under, rest);
  await run.run(commands);
  await run.rest();
  return run.bus;
}

function difference(first: string, second: string): string {
  const [a, b] = [first.split('\n'), second.split('\n')];
  const at = a.findIndex((line, index) => line !== b[index]);
  if (at === -1 && a.length === b.length) return `${first}\nboth look the same: payloads or timers differ`;
  const from = at === -1 ? a.length : at;
  return [
    ...a.slice(Math.max(0, from - 5), from),
    `first:  ${a[from] ?? 'nothing more'}`,
    `second: ${b[from] ?? 'nothing more'}`,
  ].join('\n');
}
