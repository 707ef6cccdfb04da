/** What is measured: Breakwater, or a peer, doing the work of one row. */
export interface Subject {
  readonly name: string;
  /**
   * Prepares, in a process of its own, and gives what measures once: called for the warm-up and for each
   * run, it resolves to one value in the row's unit.
   */
  readonly prepare: () => Measure | Promise<Measure>;
}

export type Measure = () => number | Promise<number>;

/** When a row is good enough. */
export interface Goal {
  readonly text: string;
  readonly met: (value: number, peers: Readonly<Record<string, number>>) => boolean;
}

/** One row of the table. To add one, export it from a file in `bench/rows`. */
export interface Row {
  /** What `--only` selects. */
  readonly id: string;
  /** One line that says what is done and counted. */
  readonly what: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly goal: Goal;
  readonly subject: Subject;
  readonly peers: readonly Subject[];
  /** Measured runs, of which the median counts. Default `5`. */
  readonly runs?: number;
  /** Runs before the first that counts. Default `2`. */
  readonly warmUps?: number;
  /** Flags for the processes that measure, such as `--expose-gc`. */
  readonly nodeFlags?: readonly string[];
}

/** A row that has been measured, in the form that `--json` writes. */
export interface Result {
  readonly row: string;
  readonly value: number;
  readonly unit: string;
  readonly peers: Readonly<Record<string, number>>;
  readonly goal: string;
  readonly met: boolean;
}
