/** A law that does not hold, with the smallest case that was found to break it. */
export class LawViolation extends Error {
  override readonly name = 'LawViolation';
  /** Name of the law: `lawPerKeyOrder`. */
  readonly law: string;
  /** What went wrong, in a sentence. */
  readonly reason: string;
  /** The case: give it to the law as `only` to run it alone. */
  readonly counterexample: unknown;
  /** Draws the same cases again, given as `seed`. Undefined for a case that was given as `only`. */
  readonly seed: number | undefined;
  /** How many cases had been run when the first broke the law. */
  readonly runs: number;

  constructor(message: string, found: Omit<LawViolation, keyof Error>) {
    super(message);
    this.law = found.law;
    this.reason = found.reason;
    this.counterexample = found.counterexample;
    this.seed = found.seed;
    this.runs = found.runs;
  }
}
