import type { EventEnvelope } from 'breakwater';

/** What a rule has found, before it becomes an event. */
export interface Raised<Data> {
  /** The address. */
  readonly ip: string;
  readonly data: Data;
  /** The event that raised it. */
  readonly cause: EventEnvelope;
}
