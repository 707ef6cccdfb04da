/** What the windows of one stretch of event time hold. */
export interface Bucket<K, M> {
  readonly start: number;
  /** No longer part of it. */
  readonly end: number;
  /** Where the figures of each key are. */
  readonly slots: Map<K, number>;
  /** Where its first value lies in the source. */
  readonly mark: M;
}
