import type { EntitySignal, EntityState } from '../../actors/entity-logic.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';

/** One thing that an entity is to handle. */
export interface EntityInput {
  /** An event of the log, a timer that is due, or what a child has sent. */
  readonly kind: 'event' | 'timer' | 'signal';
  /** Undefined until it is known, and for events that are for no entity. */
  key: string | undefined;
  readonly event: EventEnvelope | undefined;
  readonly signal: EntitySignal | undefined;
  /** Where the event stands; 0 for what has no place in the log. */
  readonly position: number;
  /** When it happened: what is due by then comes before it. */
  readonly time: number;
  /** Why it cannot be handled at all: its payload cannot be lifted, its key cannot be told. */
  fault: unknown;
  /** Its entry among the parked, once it has been there. */
  entry: string | undefined;
}

export function eventInput(event: EventEnvelope, position: number, time: number): EntityInput {
  return {
    kind: 'event',
    key: undefined,
    event,
    signal: undefined,
    position,
    time,
    fault: undefined,
    entry: undefined,
  };
}

export function timerInput(key: string, time: number): EntityInput {
  return {
    kind: 'timer',
    key,
    event: undefined,
    signal: undefined,
    position: 0,
    time,
    fault: undefined,
    entry: undefined,
  };
}

export function signalInput(key: string, signal: EntitySignal, time: number): EntityInput {
  return {
    kind: 'signal',
    key,
    event: undefined,
    signal,
    position: 0,
    time,
    fault: undefined,
    entry: undefined,
  };
}

/** An entity in memory. */
export class LiveEntity {
  readonly key: string;
  /** After all that it has handled; undefined before its first event. */
  state: EntityState | undefined;
  /** The same, as far as it is kept. */
  kept: EntityState | undefined;
  /** Position of the last event that it has handled. */
  position = 0;
  /** Revision of its record; 0 when there is none. */
  revision = 0;
  /** Under which moment the index of timers knows it: never after its first timer. `Infinity` for none. */
  indexedDue = Infinity;
  /** What it has handled is not in a commit yet. */
  dirty = false;
  /** It is in the commit that is under way. */
  inFlight = false;
  /** Inputs that wait for a retry of the first of them. */
  waiting: EntityInput[] | undefined;
  /** How often the first of those that wait has failed. */
  attempts = 0;
  /** Its state cannot be written: it cannot leave memory, and that was said. */
  stays = false;
  /** Monotonic time of its last use. */
  usedAt = 0;
  /** Its neighbours in the order of use. */
  newer: LiveEntity | undefined;
  older: LiveEntity | undefined;

  constructor(key: string) {
    this.key = key;
  }

  /** Whether it must stay in memory. */
  get pinned(): boolean {
    return this.dirty || this.inFlight || this.waiting !== undefined;
  }
}
