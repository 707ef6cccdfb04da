/** One obligation of a port, as any test runner can run it: `for (const { name, run } of cases) it(name, run)`. */
export interface ConformanceCase {
  /** The obligation, as a fact. */
  readonly name: string;
  /** Rejects with an AssertionError that says what did not hold. */
  readonly run: () => Promise<void>;
}

/** Places to open things at: each is given once, so that no case meets what another one wrote. */
export function placeNames(prefix: string): () => string {
  let given = 0;
  return () => {
    given += 1;
    return `${prefix}-${given}`;
  };
}
