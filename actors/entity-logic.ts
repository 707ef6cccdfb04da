import type { Clock } from '../streams/event/clock.ts';

/** What a state machine gets: an event, the end of a delay, the result of a child. */
export interface EntitySignal {
  readonly type: string;
}

/** The event that something came of, as far as events that come of it need to know. */
export interface EntityCause {
  readonly id: string;
  readonly type: string;
  readonly correlationId?: string;
  readonly causationDepth?: number;
  readonly traceparent?: string;
  readonly tracestate?: string;
}

/** A delay that an entity waits for. */
export interface EntityTimer {
  /** Unique in its entity: the same one scheduled again replaces it. */
  readonly id: string;
  /** When it is due: milliseconds since the epoch. */
  readonly at: number;
  /** What its machine gets then. */
  readonly signal: EntitySignal;
  /** The event in whose step it began. */
  readonly cause: EntityCause | undefined;
}

/** What an entity is between two signals. Never changed: a step that fails leaves the one before as it was. */
export interface EntityState {
  /** The snapshot of its machine, or what its fold gave. */
  readonly value: unknown;
  readonly timers: readonly EntityTimer[];
  /** Whom the children of its machine answer to, while it is active; its runner's own. */
  readonly self: unknown;
}

/** What a runner takes from its host. */
export interface EntityRunnerPorts {
  /** For the timers of children alone, which do not outlive the process. */
  readonly clock: Clock;
  /** A child of an entity's machine has sent something, outside of a step. */
  readonly onSignal: (key: string, signal: EntitySignal) => void;
  /** What machines log. */
  readonly log: (...values: readonly unknown[]) => void;
}

/**
 * Runs the entities of one kind, one step at a time. Holds no entity: states go in and come out.
 *
 * A step that throws has changed nothing, but for what actions did outside of their machine.
 */
export interface EntityRunner {
  /** The moment of the step: from here delays are counted. Set before each call. */
  now: number;
  /** What the step comes of; noted with the delays that begin in it. Set before each call. */
  cause: EntityCause | undefined;
  /** What the steps since it was last emptied have emitted, in order. */
  readonly emitted: unknown[];
  /** The state before the first event. Its delays begin now. */
  initial(key: string): EntityState;
  /** What `ask` and `snapshot$` show of an entity that has had no event. Runs no action. */
  preview(key: string): unknown;
  /** @throws whatever the machine or the fold threw. */
  step(state: EntityState, signal: EntitySignal): EntityState;
  /** What `ask` and `snapshot$` show. */
  view(state: EntityState): unknown;
  /** The value as plain data. */
  persist(state: EntityState): unknown;
  /** A state of what `persist` gave. Children that ran go on with `wake`. */
  restore(key: string, persisted: unknown, timers: readonly EntityTimer[]): EntityState;
  /** Starts the children that ran when the state was persisted. */
  wake(state: EntityState): void;
  /** Whether children run: such an entity stays active. */
  busy(state: EntityState): boolean;
  /** Stops its children; their state is in what `persist` gave before. */
  sleep(state: EntityState): void;
}

/** How the entities of a kind behave: a machine or a fold. */
export type EntityLogic = (ports: EntityRunnerPorts) => EntityRunner;
