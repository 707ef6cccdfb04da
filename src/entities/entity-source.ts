import type { EntityInput } from './live-entity.ts';

/** Takes what a source gives. */
export interface EntitySink {
  /** In the order of positions. */
  take(input: EntityInput): void;
  /** How many inputs it can take at once. */
  room(): number;
  /** There is something to be read, or taken. */
  wake(): void;
  /** What could not be read. */
  fault(message: string): void;
  /** Reading failed; the source goes on where it was when it is asked again. */
  failed(error: unknown): void;
}

/** Where the events of a kind come from, in one order. */
export interface EntitySource {
  /** Begins behind a position; also again. */
  start(after: number, sink: EntitySink): void;
  /** Asked for more while there is room. Gives it before it returns, or wakes the sink later. */
  pull(): void;
  /** All up to here has been given, if it was for this kind. */
  readonly given: number;
  /** Nothing is known that has not been given. */
  readonly caughtUp: boolean;
  /** How many positions are known of and have not been given, those of other types among them: at least so many. */
  readonly unread: number;
  /** What is here already: who has handled all up to it has seen every event whose publish has resolved. */
  end(): number | Promise<number>;
  /** Gives nothing more, until it is started again where that is possible. */
  stop(): void;
}
