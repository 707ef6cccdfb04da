import { defineEntity, type EventOf } from 'breakwater';
import { assign, emit, setup } from 'xstate';
import { orderPaid, orderPlaced, orderTimedOut, parcelSent, paymentReceived } from './events.ts';

/**
 * The life of an order.
 *
 *     new ──placed──► placed ──paid in full──► paid ──sent──► shipped
 *                       └──────30 minutes──► timedOut
 */
const orderMachine = setup({
  types: {
    input: {} as { readonly key: string },
    context: {} as { readonly orderId: string; readonly total: number; readonly due: number },
    events: {} as EventOf<typeof orderPlaced | typeof paymentReceived | typeof parcelSent>,
  },
  delays: { patience: 30 * 60_000 },
  guards: { paidInFull: ({ context }) => context.due <= 0 },
}).createMachine({
  id: 'order',
  context: ({ input }) => ({ orderId: input.key, total: 0, due: 0 }),
  initial: 'new',
  states: {
    new: {
      on: {
        'order.placed': {
          target: 'placed',
          actions: assign(({ event }) => ({ total: event.data.total, due: event.data.total })),
        },
      },
    },
    placed: {
      on: {
        'payment.received': {
          actions: assign({ due: ({ context, event }) => context.due - event.data.amount }),
        },
      },
      always: { guard: 'paidInFull', target: 'paid' },
      after: { patience: 'timedOut' },
    },
    paid: {
      entry: emit(({ context }) => orderPaid({ orderId: context.orderId, total: context.total })),
      on: { 'shipment.sent': 'shipped' },
    },
    shipped: { type: 'final' },
    timedOut: {
      type: 'final',
      entry: emit(({ context }) => orderTimedOut({ orderId: context.orderId })),
    },
  },
});

export const order = defineEntity('order', orderMachine, {
  on: [orderPlaced, paymentReceived, parcelSent],
  key: (event) => event.data.orderId,
});
