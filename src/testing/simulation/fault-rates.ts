import type { Random } from '../../../streams/event/random.ts';

/** How often things go wrong in one run: shares of 1 where nothing else is said. */
export interface FaultRates {
  /** A process is killed, or loses its power, before an event is published. */
  readonly crash: number;
  /** Of crashes: the power goes, and what was not synced with it. */
  readonly powerCut: number;
  /** The process ends in the middle of a commit. */
  readonly crashInCommit: number;
  /** A page that was not synced is lost in a power cut. */
  readonly pageLoss: number;
  /** A commit fails. */
  readonly writeError: number;
  /** Of failed commits: nobody can tell whether it was made. */
  readonly unknownOutcome: number;
  /** The disk is full, before an event, for a while. */
  readonly fullDisk: number;
  /** Milliseconds that a sync takes at most. */
  readonly syncMs: number;
  /** A handler fails. */
  readonly handlerFailure: number;
  /** Milliseconds that a handler takes at most. */
  readonly handlerMs: number;
  /** A request, or its answer, is lost. */
  readonly messageLoss: number;
  /** A request arrives twice. */
  readonly messageDuplicate: number;
  /** Milliseconds that a message takes at most: those with less overtake others. */
  readonly messageDelayMs: number;
  /** A process is cut off from the store for a while. */
  readonly partition: number;
  /** A process is stopped for a while, as by SIGSTOP. */
  readonly pause: number;
  /** A wall clock jumps, by an hour at most. */
  readonly clockJump: number;
  /** Share by which clocks run fast or slow at most. */
  readonly clockDrift: number;
}

const highest: FaultRates = {
  crash: 0.02,
  powerCut: 1,
  crashInCommit: 0.01,
  pageLoss: 1,
  writeError: 0.1,
  unknownOutcome: 1,
  fullDisk: 0.01,
  syncMs: 40,
  handlerFailure: 0.5,
  handlerMs: 250,
  messageLoss: 0.3,
  messageDuplicate: 0.3,
  messageDelayMs: 400,
  partition: 0.02,
  pause: 0.02,
  clockJump: 0.05,
  clockDrift: 0.05,
};

/** No faults at all: what the world is like once it has healed. */
export const noFaults: FaultRates = drawFaultRates(() => 0);

/**
 * Draws how often each fault happens in one run: never in a third of all runs, else anything up to its highest rate,
 * low rates more often than high ones. So some runs have one fault alone, and some nearly all.
 */
export function drawFaultRates(random: Random): FaultRates {
  const draw = (most: number): number => {
    const share = random();
    const rate = random();
    return share < 1 / 3 ? 0 : most * rate * rate;
  };
  const rates: Record<string, number> = {};
  for (const [name, most] of Object.entries(highest)) rates[name] = draw(Number(most));
  return rates as unknown as FaultRates;
}
