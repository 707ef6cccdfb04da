import { defineEvent, type EventEnvelope } from 'breakwater';
import type { HandlerUnderTest } from 'breakwater/testing';
import { z } from 'zod';

export const paid = defineEvent(
  'order.paid',
  z.object({ orderId: z.enum(['a', 'b']), amount: z.int().min(1).max(9) }),
);

type Paid = EventEnvelope<{ readonly orderId: string; readonly amount: number }, 'order.paid'>;

/** Sums what was paid, once for each event. */
export function ledger(): HandlerUnderTest<Paid> {
  const sums = new Map<string, number>();
  const seen = new Set<string>();
  return {
    handle({ data: { orderId, amount } }, { idempotencyKey }) {
      if (seen.has(idempotencyKey)) return;
      seen.add(idempotencyKey);
      sums.set(orderId, (sums.get(orderId) ?? 0) + amount);
    },
    state: () => sums,
  };
}

/** Handlers that do more when an event comes again. */
export const brokenHandlers: Readonly<Record<string, () => HandlerUnderTest<Paid>>> = {
  'adds each time': () => {
    const sums = new Map<string, number>();
    return {
      handle: ({ data: { orderId, amount } }) => sums.set(orderId, (sums.get(orderId) ?? 0) + amount),
      state: () => sums,
    };
  },
  'remembers the last event alone': () => {
    let last = '';
    let sum = 0;
    return {
      handle({ id, data: { amount } }) {
        if (id === last) return;
        last = id;
        sum += amount;
      },
      state: () => sum,
    };
  },
  'sends a mail each time': () => ({
    handle: async ({ data }, { publish }) => void (await publish('mail.sent', data)),
    state: () => undefined,
  }),
};
