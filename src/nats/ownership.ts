/** What a process knows of its right to a part of a stream. */
export interface Ownership {
  /** Higher than that of every owner before. */
  readonly token: number;
  /** Whether it holds at this instant: false as soon as the lease has run out. */
  readonly holds: () => boolean;
}
