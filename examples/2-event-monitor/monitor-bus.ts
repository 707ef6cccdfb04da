import { consoleLogger, createBus, createSystemClock, type Bus, type Clock, type Logger } from 'breakwater';
import { monitorDefaults, type EventMonitorConfig, type QueueAlert } from './monitor-config.ts';
import { translateErrors } from './service-errors.ts';
import { travelEvents } from './travel-events.ts';

/** A bus for one monitor, and what it runs on. */
export interface MonitorBus {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Says in the options of a bus what a monitor's configuration means. */
export function createMonitorBus(userId: string, config: EventMonitorConfig): MonitorBus {
  const { clock = createSystemClock(), logger = consoleLogger(), onQueueAlert, ...chosen } = config;
  const settings = { ...monitorDefaults, ...chosen };
  const bus = createBus({
    source: `monitor/${userId}`,
    events: travelEvents,
    unknownTypes: 'reject',
    maxClockSkewMs: 0,
    heartbeatMs: settings.heartbeatIntervalMs,
    middleware: [translateErrors],
    deadLetters: { capacity: 1_000, overflow: 'drop-oldest' },
    subscriberDefaults: {
      // Who queues an event is told that there is no room, instead of being made to wait.
      mailbox: { capacity: settings.maxQueueSize, overflow: 'reject' },
      breaker: {
        consecutiveFailures: settings.circuitBreakerThreshold,
        resetTimeoutMs: settings.circuitBreakerTimeoutMs,
        maxResetTimeoutMs: settings.circuitBreakerTimeoutMs,
        jitter: 0,
        halfOpenCalls: 1,
      },
    },
    clock,
    logger,
  });
  if (onQueueAlert !== undefined) {
    bus.subscribe('breakwater.queue.nearly-full', ({ data }) => onQueueAlert(data as QueueAlert));
  }
  return { bus, clock, logger };
}
