/** How a bridge is. Counts are of this process. */
export interface BridgeStatus {
  /**
   * `up`: what is published goes over at once. `away`: the server cannot be reached. `stuck`: it can, but something is
   * in the way, which `reason` says. `closed`.
   */
  readonly state: 'up' | 'away' | 'stuck' | 'closed';
  /** What is in the way. */
  readonly reason: string | undefined;
  /** All up to this position of the log is on the other side, or given up. */
  readonly position: number;
  /** Positions behind it: events that wait to go over, and such that need not. */
  readonly lag: number;
  /** Events that went over. */
  readonly forwarded: number;
  /** Of these, those that were found to be there already, after a crash or an answer that was lost. */
  readonly found: number;
  /** Events that cannot go over, and are in the dead letters. */
  readonly deadLettered: number;
  /** Positions that the log could not read, or had removed before they went over. */
  readonly lost: number;
  /** When events last went over: milliseconds since the epoch. */
  readonly forwardedAt: number | undefined;
}
