import type { SchedulerLike } from 'rxjs';
import type { Clock } from '../../streams/event/clock.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { BusOptions } from '../bus-options.ts';
import type { Bus } from '../bus.ts';
import type { EventStream } from './event-stream.ts';
import type { Interleaving } from './interleaving.ts';
import type { TimelineEntry } from './timeline.ts';

/** A whole bus in virtual time, and all that happened in it. Its functions may be taken off it, as a bus's may. */
export interface TestBus extends Bus {
  /** The seed of this run. */
  readonly seed: number;
  /** The time as the process sees it, for handlers and XState actors: what waits for it dies with the process. */
  readonly clock: Clock;
  /** The same for RxJS operators: `debounceTime(50, bus.scheduler)`. */
  readonly scheduler: SchedulerLike;
  /** Moves time on, running all that falls due. */
  advanceBy(this: void, ms: number): Promise<void>;
  /**
   * Moves time on until `promise` has settled, and gives what it settled to. Fails, with the timeline, when it has
   * not after `withinMs` of virtual time, default an hour.
   */
  until<T>(this: void, promise: Promise<T>, options?: { readonly withinMs?: number }): Promise<T>;
  /** Moves time on until no event waits or runs: `until(idle())`. */
  settle(this: void, options?: { readonly withinMs?: number }): Promise<void>;
  /** Publishes each event of a stream at its time, then lets promises settle. Failed publishes are on the timeline. */
  play(this: void, stream: EventStream): Promise<void>;
  /** The process ends at once: nothing of it runs any more, and what was in its memory alone is lost. */
  crash(this: void): void;
  /** Starts the process anew: a new bus with the same options, then `setup`. Crashes it first where it runs. */
  restart(this: void): void;
  /** Events that the transport took, of all types or those that match, oldest first. */
  publishedEvents(this: void, pattern?: string): EventEnvelope[];
  /** What happened, oldest first. */
  readonly timeline: readonly TimelineEntry[];
  /** The timeline as text, one entry a line; the last `limit`, default 200. */
  timelineText(this: void, limit?: number): string;
  /** Sixteen digits: equal for runs in which the same happened at the same times, on any machine. */
  fingerprint(this: void): string;
}

/** What a test bus may choose, beside all that a bus may. */
export interface TestBusOptions extends Omit<BusOptions, 'clock' | 'random'> {
  /** Decides all randomness: ids, jitter, sampling. Default `1`. */
  readonly seed?: number;
  /** Where its clock starts: milliseconds since the Unix epoch. Default `1_704_067_200_000`, 2024-01-01 UTC. */
  readonly now?: number;
  /**
   * Decides the order of what may happen in any order, the ends of handlers among it; `anyInterleaving` draws one.
   * Default: first come, first served.
   */
  readonly interleaving?: Interleaving;
  /** Subscribes what the process subscribes: called when the bus is made, and again at each restart. */
  readonly setup?: (bus: TestBus) => unknown;
}
