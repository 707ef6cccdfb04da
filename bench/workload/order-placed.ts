import { defineEvent } from 'breakwater';
import { laneOfSeverity, orderSchema } from './orders.ts';

/** An order as an event: validated, keyed, in the lane that its severity says. */
export const orderPlaced = defineEvent('order.placed', orderSchema, {
  key: (order) => order.orderId,
  priority: (order) => laneOfSeverity[order.severity] ?? 'normal',
});
