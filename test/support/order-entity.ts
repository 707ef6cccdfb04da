import { assign, emit, setup } from 'xstate';
import { z } from 'zod';
import { defineEntity } from '../../actors/define-entity.ts';
import { defineEvent, type EventOf } from '../../streams/event/define-event.ts';

const order = z.object({ orderId: z.string(), amount: z.number() });

export const placed = defineEvent('order.placed', order);
export const paid = defineEvent('payment.received', order);
export const spoilt = defineEvent('order.spoilt', order);
export const confirmed = defineEvent('order.confirmed', z.object({ orderId: z.string(), total: z.number() }));
export const expired = defineEvent('order.expired', z.object({ orderId: z.string() }));

/** How long an order waits for its payment. */
export const patienceMs = 1_800_000;

/** An order: placed, paid in parts, confirmed when all is paid, expired when it takes too long. */
export const orderMachine = setup({
  types: {
    context: {} as { readonly orderId: string; readonly due: number; readonly seen: number },
    input: {} as { readonly key: string },
    events: {} as EventOf<typeof placed> | EventOf<typeof paid> | EventOf<typeof spoilt>,
  },
  delays: { patience: patienceMs },
}).createMachine({
  id: 'order',
  context: ({ input }) => ({ orderId: input.key, due: 0, seen: 0 }),
  initial: 'new',
  on: {
    'order.spoilt': {
      actions: () => {
        throw new Error('spoilt');
      },
    },
  },
  states: {
    new: {
      on: {
        'order.placed': {
          target: 'placed',
          actions: assign({ due: ({ event }) => event.data.amount, seen: ({ context }) => context.seen + 1 }),
        },
      },
    },
    placed: {
      on: {
        'payment.received': {
          actions: assign({
            due: ({ context, event }) => context.due - event.data.amount,
            seen: ({ context }) => context.seen + 1,
          }),
        },
      },
      always: { guard: ({ context }) => context.due <= 0, target: 'confirmed' },
      after: { patience: 'expired' },
    },
    confirmed: {
      entry: emit(({ context }) => confirmed({ orderId: context.orderId, total: context.seen })),
      on: {
        'order.placed': { target: 'placed', actions: assign({ due: ({ event }) => event.data.amount }) },
      },
    },
    expired: {
      entry: emit(({ context }) => expired({ orderId: context.orderId })),
      on: {
        'order.placed': { target: 'placed', actions: assign({ due: ({ event }) => event.data.amount }) },
      },
    },
  },
});

export const orders = defineEntity('order', orderMachine, {
  on: [placed, paid, spoilt],
  key: (event) => event.data.orderId,
});
