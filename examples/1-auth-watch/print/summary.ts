import type { Priority } from 'breakwater';

/** What a run found, as `--json` prints it last. */
export interface Summary {
  /** All lines of the log, the undecodable ones too. */
  readonly lines: number;
  /** Failed logins: a line may tell of several. */
  readonly failed: number;
  readonly accepted: number;
  readonly undecodable: number;
  /** Decodable lines by lane. */
  readonly lanes: Readonly<Record<Priority, number>>;
  readonly alerts: Readonly<Record<'bruteforce' | 'compromised' | 'spray', number>>;
}
