import type { Random } from '../../../streams/event/random.ts';
import { seededRandom } from '../seeded-random.ts';
import { drawFaultRates, noFaults, type FaultRates } from './fault-rates.ts';
import { RunRecord } from './run-record.ts';
import { WorldClock } from './world-clock.ts';

/** A law that did not hold in a simulated run. */
export class SimulationFailure extends Error {
  override readonly name = 'SimulationFailure';
  readonly law: string;

  constructor(law: string, reason: string) {
    super(reason);
    this.law = law;
  }
}

/** What a simulated run stands on: its time, its randomness, its faults and its record, all decided by one seed. */
export class SimulationWorld {
  readonly seed: number;
  /** How many events the program is to make. */
  readonly events: number;
  readonly random: Random;
  readonly clock = new WorldClock();
  readonly record = new RunRecord();
  /** What was drawn for this run. */
  readonly drawn: FaultRates;
  #faults: FaultRates;
  #failure: SimulationFailure | undefined;

  constructor(seed: number, events: number) {
    this.seed = seed;
    this.events = events;
    this.random = seededRandom(seed);
    // The first numbers of neighbouring seeds are alike in no way that matters, but are thrown away all the same.
    for (let skipped = 0; skipped < 8; skipped += 1) this.random();
    this.drawn = drawFaultRates(this.random);
    this.#faults = this.drawn;
  }

  /** How often faults happen now. */
  get faults(): FaultRates {
    return this.#faults;
  }

  /** Ends all faults: from here on the program must come to an end. */
  heal(): void {
    this.#faults = noFaults;
    this.note('healed');
  }

  /** Notes a happening; `$a` and `$b` in the text stand for the numbers. */
  note(what: string, a = 0, b = 0): void {
    this.record.note(this.clock.monotonic(), what, a, b);
  }

  /** Whether something of this rate happens now. Draws a number only where it may. */
  happens(rate: number): boolean {
    return rate > 0 && this.random() < rate;
  }

  /** A law does not hold: ends the run, if not here, for what calls may catch errors, then at the next `check`. */
  violated(law: string, reason: string): never {
    this.#failure ??= new SimulationFailure(law, reason);
    throw this.#failure;
  }

  /** Ends the run if a law did not hold. @throws SimulationFailure */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}
