import { defineEntity, defineEvent, type EventOf } from 'breakwater';
import { assign, setup } from 'xstate';
import { z } from 'zod';

/** Money that comes to an account, or leaves it. */
export const booked = defineEvent('account.booked', z.object({ accountId: z.string(), amount: z.number() }));

type Booked = EventOf<typeof booked>;

/** An account that is overdrawn at times: a transition with an assignment for each event, and a state that changes. */
export const accountMachine = setup({
  types: { context: {} as { readonly balance: number }, events: {} as Booked },
}).createMachine({
  id: 'account',
  context: { balance: 0 },
  initial: 'open',
  states: {
    open: {
      on: {
        'account.booked': {
          actions: assign({ balance: ({ context, event }) => context.balance + event.data.amount }),
        },
      },
    },
    closed: {},
  },
});

export const account = defineEntity('account', accountMachine, {
  on: [booked],
  key: (event) => event.data.accountId,
});

export const balance = defineEntity(
  'balance',
  { initial: { total: 0 }, fold: (state, event) => ({ total: state.total + event.data.amount }) },
  { on: [booked], key: (event) => event.data.accountId },
);

/** The booking number `n` over `accounts` accounts. */
export function bookingAt(n: number, accounts: number): { accountId: string; amount: number } {
  return { accountId: `account-${n % accounts}`, amount: (n % 7) - 3 };
}
