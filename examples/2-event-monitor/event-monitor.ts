import type {
  EventDefinition,
  EventEnvelope,
  Handler,
  Publishable,
  PublishReport,
  Subscription,
} from 'breakwater';
import { createFailureLimit } from './failure-limit.ts';
import { monitorStats, type MonitorStats } from './handler-stats.ts';
import { createMonitorBus } from './monitor-bus.ts';
import { monitorDefaults, type EventMonitorConfig } from './monitor-config.ts';

/** Watches over the events of one user. */
export interface EventMonitor {
  readonly isRunning: boolean;
  /** Calls `handler`, synchronous or not, for each event of a type. A handler that fails harms no other. */
  registerHandler<Type extends string, Input, Data>(
    event: EventDefinition<Type, Input, Data>,
    handler: Handler<EventEnvelope<Data, Type>>,
    name?: string,
  ): Subscription;
  /** Handles the events that wait, and those to come. */
  startMonitoring(): void;
  /** Queues an event. False, with a warning in the log, if it is not valid or a queue is full. */
  queueEvent(event: Publishable): boolean;
  /** Queues an event and resolves when its handlers are done: says what each of them did. */
  triggerEvent(event: Publishable): Promise<PublishReport>;
  getStats(): MonitorStats;
  /** Takes no more events, handles those that wait, then ends. */
  stop(): Promise<void>;
}

/** Creates the monitor of one user. Events queue from the beginning; handlers run from `startMonitoring` on. */
export function createEventMonitor(userId: string, config: EventMonitorConfig = {}): EventMonitor {
  if (userId.trim() === '') throw new TypeError('userId must not be empty');
  const { bus, clock, logger } = createMonitorBus(userId, config);
  const { maxHandlerFailures, failureResetIntervalMs } = { ...monitorDefaults, ...config };
  const subscriptions: Subscription[] = [];
  let isRunning = false;

  return {
    get isRunning() {
      return isRunning;
    },
    registerHandler(event, handler, name) {
      const subscription = bus.subscribe(event, handler, name === undefined ? {} : { name });
      const limit = { maxFailures: maxHandlerFailures, withinMs: failureResetIntervalMs };
      const hasFailedForGood = createFailureLimit(limit, clock);
      subscription.outcomes$.subscribe((outcome) => {
        if (hasFailedForGood(outcome)) void subscription.unsubscribe();
      });
      if (!isRunning) subscription.pause();
      subscriptions.push(subscription);
      return subscription;
    },
    startMonitoring() {
      isRunning = true;
      for (const subscription of subscriptions) subscription.resume();
    },
    queueEvent(event) {
      try {
        bus.publishSync(event);
        return true;
      } catch (error) {
        logger.warn({ userId, error }, `an event of ${userId} was not queued: ${(error as Error).message}`);
        return false;
      }
    },
    async triggerEvent(event) {
      if (!isRunning) throw new Error(`the monitor of ${userId} does not run; call startMonitoring first`);
      return bus.publishAndWait(event);
    },
    getStats() {
      const handlers = subscriptions.map((subscription) => subscription.stats());
      return monitorStats(userId, isRunning, handlers);
    },
    async stop() {
      isRunning = false;
      await bus.close();
    },
  };
}
