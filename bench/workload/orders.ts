import type { Logger, Priority } from 'breakwater';
import { z } from 'zod';

/** The payload that most rows carry: three fields, checked by zod. */
export const orderSchema = z.object({ orderId: z.string(), total: z.number(), severity: z.number().int() });

export type Order = z.infer<typeof orderSchema>;

export const laneOfSeverity: readonly Priority[] = ['critical', 'high', 'normal', 'low'];

/** Publishers hand over so many events, then wait for room. */
export const burst = 512;

const orders: readonly Order[] = Array.from({ length: 1024 }, (_, n) => ({
  orderId: `order-${n}`,
  total: n * 1.5,
  severity: n % 4,
}));

/** The n-th order; they repeat after 1 024, so that making them costs nothing. */
export function orderAt(n: number): Order {
  return orders[n & 1023] as Order;
}

/** Says nothing. */
export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
