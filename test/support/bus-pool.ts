import { createBus, type Bus, type BusOptions } from 'breakwater';
import { afterEach } from 'vitest';
import { recordingLogger, type LogLine } from './recording-logger.ts';

export interface BusPool {
  newBus(this: void, options?: BusOptions): Bus;
  /** What the buses of this test logged. */
  readonly lines: LogLine[];
}

/** Buses of the tests of a file; they are closed, and their lines forgotten, after each. */
export function createBusPool(): BusPool {
  const { logger, lines } = recordingLogger();
  const buses: Bus[] = [];
  afterEach(async () => {
    lines.length = 0;
    await Promise.all(buses.splice(0).map((bus) => bus.close({ deadlineMs: 0 })));
  });
  return {
    lines,
    newBus(options) {
      const bus = createBus({ logger, ...options });
      buses.push(bus);
      return bus;
    },
  };
}
