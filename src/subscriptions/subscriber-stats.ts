import type { Clock } from '../../streams/event/clock.ts';
import { priorities, type Priority } from '../../streams/event/priority.ts';
import { LatencyHistogram } from '../../streams/sketches/latency-histogram.ts';
import type { MailboxStatus } from '../transport/transport.ts';

/** Share of a mailbox's capacity above which it counts as nearly full. */
export const utilizationWarning = 0.8;

/** How long the calls of a handler took, in milliseconds. */
export interface LatencyStats {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** The state of a subscriber's mailbox. */
export interface QueueStats {
  readonly capacity: number;
  /** Events that wait, retries included. */
  readonly size: number;
  /** Events that wait for their retry. */
  readonly parked: number;
  /** Events over capacity, whose publishers wait. */
  readonly blocked: number;
  /** `size / capacity`; above 0.8 `nearlyFull` is set. */
  readonly utilization: number;
  readonly nearlyFull: boolean;
  /** By lane: how many wait, and how many were started a second since the last look. */
  readonly lanes: Readonly<Record<Priority, { readonly depth: number; readonly startedPerSecond: number }>>;
}

/** What a subscriber has done and how it is. Counts are since it subscribed. */
export interface SubscriberStats {
  readonly name: string;
  /** What it subscribes to. */
  readonly patterns: readonly string[];
  readonly flow: 'running' | 'paused' | 'draining' | 'stopped' | 'failed';
  readonly breaker: {
    readonly state: 'closed' | 'open' | 'halfOpen' | 'isolated' | 'off';
    /** When it came into this state, milliseconds since the epoch. */
    readonly since: number;
    readonly opened: number;
  };
  /** When it subscribed, milliseconds since the epoch. */
  readonly subscribedAt: number;
  /** When the handler last ended a call; `undefined` before the first. */
  readonly lastDeliveredAt: number | undefined;
  /** Handler calls that were started. */
  readonly calls: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Of the failed ones, those that took longer than `timeoutMs`. */
  readonly timedOut: number;
  readonly consecutiveFailures: number;
  /** `succeeded / (succeeded + failed)`, 1 before the first. */
  readonly successRate: number;
  readonly retried: number;
  readonly deadLettered: number;
  readonly dropped: number;
  readonly filtered: number;
  /** Calls of the fallback. */
  readonly fallbacks: number;
  readonly restarts: number;
  /** Handler calls that run now. */
  readonly running: number;
  readonly latencyMs: LatencyStats;
  readonly queue: QueueStats;
  readonly lastFailure:
    | { readonly time: number; readonly error: unknown; readonly eventId: string }
    | undefined;
}

/** The counters behind `SubscriberStats`: plain fields, counted where things happen. */
export class SubscriberCounters {
  succeeded = 0;
  failed = 0;
  timedOut = 0;
  consecutiveFailures = 0;
  retried = 0;
  deadLettered = 0;
  dropped = 0;
  filtered = 0;
  fallbacks = 0;
  restarts = 0;
  opened = 0;
  lastFailure: SubscriberStats['lastFailure'];
  /** By the monotonic clock. */
  lastEndedAt: number | undefined;
  readonly subscribedAt: number;
  readonly started = new Float64Array(4);
  readonly latency = new LatencyHistogram();
  readonly #clock: Clock;
  readonly #startedBefore = new Float64Array(4);
  #lookedAt: number;
  #rates: readonly number[] = [0, 0, 0, 0];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lookedAt = clock.monotonic();
    this.subscribedAt = clock.now();
  }

  get calls(): number {
    return (this.started[0] ?? 0) + (this.started[1] ?? 0) + (this.started[2] ?? 0) + (this.started[3] ?? 0);
  }

  get successRate(): number {
    const ended = this.succeeded + this.failed;
    return ended === 0 ? 1 : this.succeeded / ended;
  }

  /** On the wall clock, read only when somebody asks. */
  get lastDeliveredAt(): number | undefined {
    if (this.lastEndedAt === undefined) return undefined;
    return this.#clock.now() - (this.#clock.monotonic() - this.lastEndedAt);
  }

  latencyStats(): LatencyStats {
    const { latency } = this;
    return {
      count: latency.count,
      mean: latency.mean,
      p50: latency.quantile(0.5),
      p95: latency.quantile(0.95),
      p99: latency.quantile(0.99),
      max: latency.max,
    };
  }

  queueStats(mailbox: MailboxStatus): QueueStats {
    const size =
      mailbox.depths[0] + mailbox.depths[1] + mailbox.depths[2] + mailbox.depths[3] + mailbox.parked;
    const utilization = mailbox.capacity === Infinity || mailbox.capacity === 0 ? 0 : size / mailbox.capacity;
    const rates = this.#measureRates();
    const lane = (index: 0 | 1 | 2 | 3): { depth: number; startedPerSecond: number } => ({
      depth: mailbox.depths[index],
      startedPerSecond: rates[index] ?? 0,
    });
    return {
      capacity: mailbox.capacity,
      size,
      parked: mailbox.parked,
      blocked: mailbox.blocked,
      utilization,
      nearlyFull: utilization > utilizationWarning,
      lanes: { critical: lane(0), high: lane(1), normal: lane(2), low: lane(3) },
    };
  }

  /** Rates over the time since the last look, at least 100 ms: a shorter one says nothing. */
  #measureRates(): readonly number[] {
    const now = this.#clock.monotonic();
    const elapsedMs = now - this.#lookedAt;
    if (elapsedMs < 100) return this.#rates;
    this.#rates = priorities.map((_, lane) => {
      const started = this.started[lane] ?? 0;
      const rate = ((started - (this.#startedBefore[lane] ?? 0)) * 1000) / elapsedMs;
      this.#startedBefore[lane] = started;
      return rate;
    });
    this.#lookedAt = now;
    return this.#rates;
  }
}
