import type { Clock, Logger } from 'breakwater';

/** A queue that is nearly full. */
export interface QueueAlert {
  readonly subscriber: string;
  /** Share of the capacity that is in use. */
  readonly utilization: number;
}

export interface EventMonitorConfig {
  /** Events that may wait for one handler. Default `1_000`. */
  readonly maxQueueSize?: number;
  /** Milliseconds between looks at the queues. Default `1_000`. */
  readonly heartbeatIntervalMs?: number;
  /** Failures after which a handler is given up. Default `5`. */
  readonly maxHandlerFailures?: number;
  /** Milliseconds after which a failure no longer counts. Default `300_000`. */
  readonly failureResetIntervalMs?: number;
  /** Failures in a row that open a handler's breaker. Default `3`. */
  readonly circuitBreakerThreshold?: number;
  /** Milliseconds that a breaker stays open before it lets a call through on trial. Default `60_000`. */
  readonly circuitBreakerTimeoutMs?: number;
  /** Called when a queue becomes more than 80 % full. */
  readonly onQueueAlert?: (alert: QueueAlert) => void;
  readonly logger?: Logger;
  readonly clock?: Clock;
}

export const monitorDefaults = {
  maxQueueSize: 1_000,
  heartbeatIntervalMs: 1_000,
  maxHandlerFailures: 5,
  failureResetIntervalMs: 300_000,
  circuitBreakerThreshold: 3,
  circuitBreakerTimeoutMs: 60_000,
} as const satisfies EventMonitorConfig;
