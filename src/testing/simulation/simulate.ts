import { describeError } from '../../../streams/event/describe-error.ts';
import { checkInteger } from '../../options.ts';
import type { FaultRates } from './fault-rates.ts';
import { SimulationFailure, SimulationWorld } from './simulation-world.ts';

/** A program that runs in a simulated world and checks its laws after every step. */
export interface SimulationProgram {
  readonly name: string;
  /** Ends when all is done, or throws what `world.violated` throws. */
  run(world: SimulationWorld): void | Promise<void>;
}

/** Which run. */
export interface SimulationOptions {
  /** Decides everything: what is published, what fails, and when. */
  readonly seed: number;
  /** Events that the program makes. Default `1_000`. */
  readonly events?: number;
}

/** What came of one run. */
export interface SimulationReport {
  readonly program: string;
  readonly seed: number;
  readonly events: number;
  /** The law that did not hold, if one did not. */
  readonly violation?: { readonly law: string; readonly reason: string };
  /** Sixteen digits: equal for equal runs, on any machine and any version of Node. */
  readonly fingerprint: string;
  /** How often each fault was to happen. */
  readonly faults: FaultRates;
  readonly virtualMs: number;
  /** How many things happened. */
  readonly happenings: number;
  /** The last of what happened, one a line. */
  timeline(this: void, lines?: number): string;
}

/**
 * Runs a program once in a world that its seed decides: processes, disks, networks and clocks that fail.
 *
 * Equal seeds give equal runs. The report says which law did not hold, and what happened before. Fault rates are
 * drawn for each seed, none among them; in the end all faults stop, and the program must come to rest.
 *
 * @throws RangeError for a seed or a number of events that is no integer.
 *
 * @example
 * ```ts
 * const { violation } = await simulate(deliveryProgram(), { seed: 7, events: 200 });
 * violation; // => undefined
 * ```
 */
export async function simulate(
  program: SimulationProgram,
  { seed, events = 1_000 }: SimulationOptions,
): Promise<SimulationReport> {
  checkInteger('seed', seed, 0);
  checkInteger('events', events, 0);
  const world = new SimulationWorld(seed, events);
  let violation: SimulationReport['violation'];
  try {
    await program.run(world);
  } catch (error) {
    violation =
      error instanceof SimulationFailure
        ? { law: error.law, reason: error.message }
        : { law: 'no error escapes', reason: describeError(error) };
  }
  return {
    program: program.name,
    seed,
    events,
    ...(violation !== undefined && { violation }),
    fingerprint: world.record.fingerprint(),
    faults: world.drawn,
    virtualMs: world.clock.monotonic(),
    happenings: world.record.count,
    timeline: (lines) => world.record.text(lines),
  };
}

/**
 * Finds a run of the same seed with as few events as possible that still breaks a law.
 *
 * Halves the number of events while that breaks one, then takes away ever smaller shares: some forty runs.
 */
export async function shrinkSimulation(
  program: SimulationProgram,
  failed: SimulationReport,
): Promise<SimulationReport> {
  let smallest = failed;
  let share = Math.ceil(failed.events / 2);
  while (share >= 1) {
    const events = smallest.events - share;
    const report = events < 0 ? undefined : await simulate(program, { seed: failed.seed, events });
    if (report?.violation === undefined) share = share === 1 ? 0 : Math.ceil(share / 2);
    else smallest = report;
  }
  return smallest;
}

/** A report for people: the law, the seed, what was drawn, and what happened last. */
export function describeSimulation(report: SimulationReport, lines = 60): string {
  const { program, seed, events, violation, faults, fingerprint } = report;
  const drawn = Object.entries(faults)
    .filter(([, rate]) => rate > 0)
    .map(([name, rate]) => `${name} ${Number(rate).toPrecision(2)}`);
  return [
    `${program}, seed ${seed}, ${events} events: ${
      violation === undefined ? 'all laws hold' : `${violation.law} does not hold: ${violation.reason}`
    }`,
    `faults: ${drawn.join(', ') || 'none'}; fingerprint ${fingerprint}`,
    report.timeline(lines),
  ].join('\n');
}
