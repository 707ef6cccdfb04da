import { defineEvent } from 'breakwater';
import { z } from 'zod';

export const orderPlaced = defineEvent('order.placed', z.object({ orderId: z.string(), total: z.number() }));
export const paymentReceived = defineEvent(
  'payment.received',
  z.object({ orderId: z.string(), amount: z.number() }),
);
export const parcelSent = defineEvent('shipment.sent', z.object({ orderId: z.string(), parcel: z.string() }));

/** What orders say themselves. */
export const orderPaid = defineEvent('order.paid', z.object({ orderId: z.string(), total: z.number() }));
export const orderTimedOut = defineEvent('order.timed-out', z.object({ orderId: z.string() }));
