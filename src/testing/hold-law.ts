import fc from 'fast-check';
import { describeError } from '../../streams/event/describe-error.ts';
import { checkInteger } from '../options.ts';
import { LawViolation } from './law-violation.ts';

/** What every law may be told. */
export interface LawOptions<Case = unknown> {
  /** How many cases are drawn. Default `100`. */
  readonly numRuns?: number;
  /** Draws the same cases as the run that printed it. Default: another in each run, or fast-check's global seed. */
  readonly seed?: number;
  /** Runs this case alone, as a failure printed it. */
  readonly only?: Case;
}

/** How a case broke a law. */
export interface Breach {
  /** What went wrong, in a sentence. */
  readonly reason: string;
  /** What happened, for people. */
  readonly story?: string;
}

/** A law: what cases it is judged by, and how. */
export interface Law<Case> {
  /** The function that states it: `lawPerKeyOrder`. */
  readonly name: string;
  /** What it says, as the name of a test would. */
  readonly says: string;
  /** What stands before the options in the test to paste: `myBus, `. */
  readonly subject: string;
  readonly cases: fc.Arbitrary<Case>;
  /** Undefined where the law holds. What it throws breaks the law, too. */
  readonly check: (drawn: Case) => Promise<Breach | undefined>;
}

/** Cases that are tried to find a smaller one: some seconds of a law of a bus. */
const mostShrinkRuns = 800;

class Broken extends Error {
  readonly breach: Breach;

  constructor(breach: Breach) {
    super(breach.reason);
    this.breach = breach;
  }
}

/**
 * Judges a law by drawn cases, and shrinks the first that breaks it.
 *
 * @throws LawViolation with the smallest case found, its story, the seed, and a test to paste.
 */
export async function holdLaw<Case>(law: Law<Case>, options: LawOptions<Case>): Promise<void> {
  const { numRuns = 100, seed, only } = options;
  checkInteger('numRuns', numRuns, 1);
  let shrinking = -1;
  const judge = async (drawn: Case): Promise<void> => {
    if (shrinking >= 0) shrinking += 1;
    // As good as it gets: all that is still tried counts as holding, which ends the search.
    if (shrinking > mostShrinkRuns) return;
    const breach = await law
      .check(drawn)
      .catch((error: unknown) => ({ reason: `it failed with ${describeError(error)}` }));
    if (breach === undefined) return;
    shrinking = Math.max(0, shrinking);
    throw new Broken(breach);
  };
  if (only !== undefined) {
    try {
      await judge(only);
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      throw violation(law, { breach: error.breach, found: only, seed: undefined, runs: 1, shrinks: 0 });
    }
    return;
  }
  const details = await fc.check(fc.asyncProperty(law.cases, judge), {
    numRuns,
    ...(seed !== undefined && { seed }),
  });
  const { errorInstance, counterexample, numShrinks: shrinks, numRuns: runs } = details;
  if (!details.failed) return;
  if (!(errorInstance instanceof Broken) || counterexample === null) throw errorInstance;
  throw violation(law, {
    breach: errorInstance.breach,
    found: counterexample[0],
    seed: details.seed,
    runs,
    shrinks,
  });
}

interface Found<Case> {
  readonly breach: Breach;
  readonly found: Case;
  readonly seed: number | undefined;
  readonly runs: number;
  readonly shrinks: number;
}

function violation<Case>(law: Law<Case>, { breach, found, seed, runs, shrinks }: Found<Case>): LawViolation {
  const { reason, story } = breach;
  const shown = fc.stringify(found);
  const message = [
    `${law.name} does not hold: ${reason}`,
    ...(seed === undefined ? [] : [`found in case ${runs}, shrunk ${shrinks} times; seed ${seed}`]),
    ...(story === undefined ? [] : ['', 'what happened', story]),
    '',
    'to run this case alone',
    `  it('${law.says}', () =>`,
    `    ${law.name}(${law.subject}{ only: ${shown} }));`,
  ].join('\n');
  return new LawViolation(message, { law: law.name, reason, counterexample: found, seed, runs });
}
