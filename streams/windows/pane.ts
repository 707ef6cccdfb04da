import type { States } from '../aggregates/aggregate-set.ts';

/** What a window holds of one key. */
export interface Pane<K> {
  readonly key: K;
  states: States;
  /** Values since its last result. */
  pending: number;
  /** Results so far. */
  revision: number;
}

/** The panes of one stretch of event time, and where its first value lies. */
export interface Bucket<K, P, M> {
  readonly start: number;
  /** No longer part of it. */
  readonly end: number;
  readonly panes: Map<K, P>;
  readonly mark: M;
}
