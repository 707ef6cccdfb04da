import type { Priority } from '../../streams/event/priority.ts';

/** One event of a stream: what is published, and when. */
export interface StreamedEvent {
  /** Milliseconds after the event before it in the stream. */
  readonly afterMs: number;
  readonly type: string;
  readonly data: unknown;
  readonly key?: string;
  readonly priority?: Priority;
  /** How far its event time lies behind the moment it is published. Default 0. */
  readonly lateByMs?: number;
}

/** Events over time, in the order in which they are published. `anyEventStream` draws one; `bus.play` publishes it. */
export type EventStream = readonly StreamedEvent[];
