import { ClosedError, type Bus } from 'breakwater';
import { expect } from 'vitest';

interface Step {
  readonly n: number;
}

/** Publishes one event after the other on several keys until it is told to stop; says which were acknowledged. */
export function steadyPublisher(bus: Bus, type: string, keys: number) {
  const acknowledged: number[] = [];
  const failed: unknown[] = [];
  let longestMs = 0;
  let running = true;
  let n = 0;
  const lane = async (key: number): Promise<void> => {
    while (running) {
      const number = (n += 1);
      const began = performance.now();
      try {
        await bus.publish(type, { n: number }, { key: `k${key}` });
        acknowledged.push(number);
        longestMs = Math.max(longestMs, performance.now() - began);
      } catch (error) {
        failed.push(error);
        // Else it would go round without a pause, when a test has failed and closed its bus.
        if (error instanceof ClosedError) return;
      }
    }
  };
  const lanes = Promise.all(Array.from({ length: keys }, (_, key) => lane(key)));
  return {
    acknowledged,
    failed,
    /** Milliseconds that an acknowledgement took at most. */
    longestMs: () => longestMs,
    stop: async () => {
      running = false;
      await lanes;
    },
  };
}

/** Handles and remembers, by key, in the order of the first times. */
export function rememberingHandler() {
  const byKey = new Map<string, number[]>();
  const seen = new Set<number>();
  let repeated = 0;
  return {
    byKey,
    seen,
    repeated: () => repeated,
    handle: ({ key = '', data }: { readonly key?: string; readonly data: unknown }): void => {
      const { n } = data as Step;
      if (seen.has(n)) {
        repeated += 1;
        return;
      }
      seen.add(n);
      const numbers = byKey.get(key) ?? [];
      numbers.push(n);
      byKey.set(key, numbers);
    },
  };
}

/** The numbers of each key came in the order in which they were published. */
export function expectOrder(byKey: ReadonlyMap<string, readonly number[]>): void {
  for (const numbers of byKey.values()) expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
}
