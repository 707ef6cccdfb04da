import type { Observable } from 'rxjs';
import type { Handler } from '../../actors/handler.ts';
import type { SideOutput } from '../../streams/operators/side-output.ts';
import type { Subscribable } from '../subscriptions/subscribable.ts';
import type { LogFault, LogRange, LogRecord } from '../event-log.ts';

/** What is played again, how fast, and to whom. All conditions must hold. */
export interface ReplayOptions extends Pick<
  LogRange,
  'from' | 'to' | 'since' | 'until' | 'key' | 'correlationId'
> {
  /** Types wanted: an event is wanted when one of the patterns or definitions matches. Default: all. */
  readonly patterns?: readonly Subscribable[];
  /**
   * How fast: `'original'` keeps the pauses that were between the events, `10` makes them a tenth as long. Default:
   * as fast as it goes.
   */
  readonly speed?: number | 'original';
  /** Which pauses those are: between their appends (default), or between the times that they carry. */
  readonly pace?: 'appended' | 'time';
  /**
   * Handles each event, one after the other, before it is emitted: a handler, or the name of a subscriber of this
   * bus whose handler is meant. Its context says `replay: true`. One that fails ends the replay with its error.
   */
  readonly into?: Handler | string;
  /** Whether what that handler publishes goes out. Default `false`: its receipts say level `none`. */
  readonly sideEffects?: boolean;
  /** Takes what could not be read; the replay goes on. */
  readonly faults?: SideOutput<LogFault>;
}

/** How far a replay has come. */
export interface ReplayProgress {
  /** The position that was emitted last; `from: position + 1` goes on there. 0 before the first. */
  readonly position: number;
  /** Records emitted. */
  readonly emitted: number;
  /** Records that could not be read. */
  readonly faults: number;
  /** Where it began and where it ends: positions of the log. */
  readonly from: number;
  readonly to: number;
  /** How much of that stretch lies behind it, 0 to 1. */
  readonly share: number;
}

/** Records of the log, as an observable that can be paused. */
export interface Replay extends Observable<LogRecord> {
  readonly paused: boolean;
  /** Emits no more until `resume`; a handler that runs goes on. */
  pause(): void;
  resume(): void;
  /** Of the subscription that was made last. */
  progress(): ReplayProgress;
}
