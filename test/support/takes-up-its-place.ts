import type { Bus } from 'breakwater';
import { expect } from 'vitest';
import { until } from './nats-world.ts';

const type = 'order.placed';

/** Stores events, reads them with a named subscriber, and reads on with it on another bus of the same store. */
export async function expectPlaceKept(newBus: () => Bus): Promise<void> {
  const first = newBus();
  for (let n = 0; n < 5; n += 1) await first.publish(type, n);
  const seen: unknown[] = [];
  const late = { name: 'late', order: 'total', from: 'start' } as const;
  first.subscribe(type, ({ data }) => seen.push(data), late);
  await until(() => seen.length === 5);
  await first.close();

  const second = newBus();
  second.subscribe(type, ({ data }) => seen.push(data), late);
  await second.publish(type, 5);
  await until(() => seen.length >= 6);

  expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
}
