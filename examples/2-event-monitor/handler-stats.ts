import type { SubscriberStats } from 'breakwater';

/** What a handler has done, and how its breaker is. Times are milliseconds since the epoch. */
export interface HandlerStats {
  readonly totalCalls: number;
  readonly successfulCalls: number;
  readonly failedCalls: number;
  readonly consecutiveFailures: number;
  readonly successRate: number;
  readonly lastFailureTime: number | undefined;
  readonly circuitBreakerOpen: boolean;
  readonly circuitBreakerOpenTime: number | undefined;
  /** Whether it was given up: it is called no more. */
  readonly stopped: boolean;
}

export interface MonitorStats {
  readonly userId: string;
  readonly isRunning: boolean;
  /** Calls of handlers that succeeded. */
  readonly processedEvents: number;
  /** Events that a handler gave up. */
  readonly failedEvents: number;
  /** Events that wait, for all handlers together. */
  readonly queueSize: number;
  readonly handlerStats: Readonly<Record<string, HandlerStats>>;
}

/** The figures of a monitor, from what its subscriptions count. */
export function monitorStats(
  userId: string,
  isRunning: boolean,
  handlers: readonly SubscriberStats[],
): MonitorStats {
  const sum = (count: (handler: SubscriberStats) => number): number =>
    handlers.reduce((total, handler) => total + count(handler), 0);
  return {
    userId,
    isRunning,
    processedEvents: sum((handler) => handler.succeeded),
    failedEvents: sum((handler) => handler.deadLettered),
    queueSize: sum((handler) => handler.queue.size),
    handlerStats: Object.fromEntries(handlers.map((handler) => [handler.name, handlerStats(handler)])),
  };
}

function handlerStats(handler: SubscriberStats): HandlerStats {
  const { calls, succeeded, failed, consecutiveFailures, successRate, lastFailure, breaker, flow } = handler;
  const circuitBreakerOpen = breaker.state === 'open';
  return {
    totalCalls: calls,
    successfulCalls: succeeded,
    failedCalls: failed,
    consecutiveFailures,
    successRate,
    lastFailureTime: lastFailure?.time,
    circuitBreakerOpen,
    circuitBreakerOpenTime: circuitBreakerOpen ? breaker.since : undefined,
    stopped: flow === 'stopped',
  };
}
