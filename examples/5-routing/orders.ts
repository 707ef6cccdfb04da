import { defineEvent } from 'breakwater';
import { z } from 'zod';

export const orderPlaced = defineEvent(
  'order.placed',
  z.object({ orderId: z.string(), country: z.string(), total: z.number().min(0) }),
  { key: (order) => order.orderId },
);
export const orderCancelled = defineEvent('order.cancelled', z.object({ orderId: z.string() }), {
  key: (order) => order.orderId,
  priority: 'high',
});
export const paymentFailed = defineEvent('payment.failed', z.object({ orderId: z.string() }), {
  key: (payment) => payment.orderId,
  priority: 'urgent',
});
