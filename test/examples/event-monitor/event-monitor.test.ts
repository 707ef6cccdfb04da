import { FatalError, RetryableError, type Logger } from 'breakwater';
import { createVirtualClock } from 'breakwater/testing';
import { describe, expect, it } from 'vitest';
import { createEventMonitor } from '../../../examples/2-event-monitor/event-monitor.ts';
import {
  monitorDefaults,
  type EventMonitorConfig,
} from '../../../examples/2-event-monitor/monitor-config.ts';
import {
  ContractEndedError,
  ServiceUnavailableError,
} from '../../../examples/2-event-monitor/service-errors.ts';
import { lowFuel, trafficUpdate } from '../../../examples/2-event-monitor/travel-events.ts';

const userId = 'ada';
const fuel = (fuelLevel: number) => lowFuel({ userId, fuelLevel });

function monitored(config: EventMonitorConfig = {}) {
  const clock = createVirtualClock();
  const warnings: string[] = [];
  const logger: Logger = {
    debug() {},
    info() {},
    error() {},
    warn: (_fields, message) => warnings.push(message),
  };
  const monitor = createEventMonitor(userId, { clock, logger, ...config });
  return { clock, monitor, warnings };
}

describe('an event monitor', () => {
  it('has the defaults that its users know', () => {
    expect(monitorDefaults).toEqual({
      maxQueueSize: 1_000,
      heartbeatIntervalMs: 1_000,
      maxHandlerFailures: 5,
      failureResetIntervalMs: 300_000,
      circuitBreakerThreshold: 3,
      circuitBreakerTimeoutMs: 60_000,
    });
  });

  it('belongs to a user with a name', () => {
    expect(() => createEventMonitor('  ')).toThrow('userId must not be empty');
    expect(monitored().monitor.getStats()).toMatchObject({ userId: 'ada', isRunning: false });
  });

  it('queues events until it is started, then gives each to sync and async handlers alike', async () => {
    const { clock, monitor } = monitored();
    const seen: string[] = [];
    monitor.registerHandler(lowFuel, ({ data }) => void seen.push(`sync ${data.fuelLevel}`));
    monitor.registerHandler(lowFuel, async ({ data }) => void seen.push(`async ${data.fuelLevel}`));

    expect(monitor.queueEvent(fuel(15))).toBe(true);
    await clock.flush();
    expect(seen).toEqual([]);
    expect(monitor.getStats()).toMatchObject({ isRunning: false, queueSize: 2 });

    monitor.startMonitoring();
    await clock.flush();
    expect(seen).toEqual(['sync 15', 'async 15']);
    expect(monitor.getStats()).toMatchObject({
      isRunning: true,
      queueSize: 0,
      processedEvents: 2,
      failedEvents: 0,
    });
  });

  it('drops an event that finds the queue full, says so to the publisher, and warns', async () => {
    const { monitor, warnings } = monitored({ maxQueueSize: 2 });
    monitor.registerHandler(lowFuel, () => {}, 'dashboard');

    expect([fuel(15), fuel(14), fuel(13)].map((event) => monitor.queueEvent(event))).toEqual([
      true,
      true,
      false,
    ]);
    expect(warnings).toEqual([expect.stringMatching(/^an event of ada was not queued: /u)]);
    expect(monitor.getStats().queueSize).toBe(2);
  });

  it('refuses an event of an unknown type, without a user, or from the future, each with its own message', () => {
    const { clock, monitor, warnings } = monitored();
    const events = [
      { type: 'FLAT_TYRE', data: { userId } },
      lowFuel({ userId: ' ', fuelLevel: 15 }),
      lowFuel({ userId, fuelLevel: 15 }, { time: clock.now() + 1 }),
    ];

    expect(events.map((event) => monitor.queueEvent(event as ReturnType<typeof fuel>))).toEqual([
      false,
      false,
      false,
    ]);
    expect(warnings).toEqual([
      expect.stringMatching(/type "FLAT_TYRE" is not known/u),
      expect.stringMatching(/data\.userId: must not be empty; got " "/u),
      expect.stringMatching(/time lies 1 ms in the future/u),
    ]);
  });

  it('refuses at registration what is no handler', () => {
    const { monitor } = monitored();

    expect(() => monitor.registerHandler(lowFuel, 'log' as never)).toThrow('handler must be a function');
  });

  it('opens the breaker of a handler after failures in a row, and says since when', async () => {
    const { clock, monitor } = monitored();
    const seen: number[] = [];
    let healthy = false;
    monitor.registerHandler(
      lowFuel,
      ({ data }) => {
        if (!healthy) throw new Error('no answer');
        seen.push(data.fuelLevel);
      },
      'stations',
    );
    monitor.startMonitoring();

    monitor.queueEvent(fuel(15));
    await clock.advanceBy(10_000);
    expect(monitor.getStats().handlerStats['stations']).toMatchObject({
      totalCalls: 3,
      successfulCalls: 0,
      failedCalls: 3,
      consecutiveFailures: 3,
      successRate: 0,
      lastFailureTime: expect.any(Number),
      circuitBreakerOpen: true,
      circuitBreakerOpenTime: expect.any(Number),
      stopped: false,
    });

    healthy = true;
    monitor.queueEvent(fuel(14));
    const openedAt = monitor.getStats().handlerStats['stations']?.circuitBreakerOpenTime ?? 0;
    // Jitter makes fractions of milliseconds, which do not add up exactly.
    await clock.advanceTo(openedAt + 59_999);
    expect(seen).toEqual([]);
    await clock.advanceBy(2);
    expect(seen).toEqual([14]);
    expect(monitor.getStats().handlerStats['stations']).toMatchObject({
      circuitBreakerOpen: false,
      circuitBreakerOpenTime: undefined,
      successRate: 0.25,
    });
  });

  it('gives up a handler that failed too often in a while, and not one whose failures are old', async () => {
    const { clock, monitor } = monitored({ maxHandlerFailures: 2, failureResetIntervalMs: 60_000 });
    monitor.registerHandler(lowFuel, () => Promise.reject(new Error('unknown')), 'often');
    monitor.registerHandler(
      trafficUpdate,
      ({ data }) => {
        if (data.delayMinutes > 0) throw new RetryableError('later', { retryAfterMs: 70_000 });
      },
      'rarely',
    );
    monitor.startMonitoring();

    monitor.queueEvent(fuel(15));
    monitor.queueEvent(trafficUpdate({ userId, delayMinutes: 5 }));
    await clock.advanceBy(300_000);

    const { often, rarely } = monitor.getStats().handlerStats;
    expect(often).toMatchObject({ failedCalls: 2, stopped: true });
    expect(rarely).toMatchObject({ failedCalls: 3, stopped: false });
  });

  it('retries a RetryableError, and ends a handler that throws a FatalError; others go on', async () => {
    const { clock, monitor, warnings } = monitored();
    const seen: number[] = [];
    monitor.registerHandler(lowFuel, ({ data }) => void seen.push(data.fuelLevel), 'sound');
    monitor.registerHandler(
      lowFuel,
      (_event, { attempt }) => {
        if (attempt < 3) throw new ServiceUnavailableError('the map does not answer');
      },
      'patient',
    );
    monitor.registerHandler(
      lowFuel,
      () => {
        throw new ContractEndedError('no more data');
      },
      'fatal',
    );
    monitor.registerHandler(
      lowFuel,
      () => {
        throw new FatalError('no more data');
      },
      'fatal-too',
    );
    monitor.startMonitoring();

    for (const level of [15, 14]) {
      monitor.queueEvent(fuel(level));
      await clock.advanceBy(10_000);
    }

    const { handlerStats } = monitor.getStats();
    expect(seen).toEqual([15, 14]);
    expect(handlerStats['patient']).toMatchObject({ totalCalls: 6, successfulCalls: 2, stopped: false });
    for (const name of ['fatal', 'fatal-too']) {
      expect(handlerStats[name]).toMatchObject({ totalCalls: 1, failedCalls: 1, stopped: true });
    }
    expect(warnings).toEqual([
      expect.stringMatching(/^fatal gave up event .* FatalError: no more data$/u),
      expect.stringMatching(/^fatal-too gave up event .* FatalError: no more data$/u),
    ]);
  });

  it('looks at its queues at each heartbeat, and raises an alert above 80 %', async () => {
    const alerts: unknown[] = [];
    const { clock, monitor, warnings } = monitored({
      maxQueueSize: 9,
      onQueueAlert: (alert) => alerts.push(alert),
    });
    monitor.registerHandler(lowFuel, () => {}, 'dashboard');
    for (let level = 0; level < 8; level += 1) monitor.queueEvent(fuel(level));

    await clock.advanceBy(999);
    expect(warnings).toEqual([]);
    await clock.advanceBy(1);
    expect(warnings).toEqual(['queue of dashboard is 88.9 % full']);
    expect(alerts).toMatchObject([{ subscriber: 'dashboard', utilization: 8 / 9 }]);
  });

  it('triggers an event and says what each handler did with it, once it runs', async () => {
    const { monitor } = monitored();
    monitor.registerHandler(lowFuel, () => {}, 'dashboard');
    await expect(monitor.triggerEvent(fuel(15))).rejects.toThrow('call startMonitoring first');

    monitor.startMonitoring();
    await expect(monitor.triggerEvent(fuel(15))).resolves.toMatchObject({
      outcomes: [{ subscriber: 'dashboard', settlement: 'handled' }],
    });
  });

  it('stops gracefully: what waits is handled, nothing is taken any more, no timer is left', async () => {
    const { clock, monitor } = monitored();
    const seen: number[] = [];
    monitor.registerHandler(lowFuel, ({ data }) => void seen.push(data.fuelLevel));
    monitor.startMonitoring();
    monitor.queueEvent(fuel(15));

    const stopping = monitor.stop();
    await clock.flush();
    await stopping;

    expect(seen).toEqual([15]);
    expect(monitor.queueEvent(fuel(14))).toBe(false);
    expect(monitor.isRunning).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });
});
