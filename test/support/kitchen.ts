import { defineActor } from 'breakwater';
import { assign, setup } from 'xstate';
import { z } from 'zod';

/** A kitchen that cooks what it is told, closes when it is told, and breaks down over stones. */
export const kitchen = defineActor('kitchen', {
  signal: z.discriminatedUnion('type', [
    z.object({ type: z.literal('cook'), dish: z.string() }),
    z.object({ type: z.literal('close') }),
  ]),
  view: z.object({ dishes: z.array(z.string()) }),
});

export const kitchenMachine = setup({
  types: {
    context: {} as { readonly dishes: readonly string[] },
    events: {} as { readonly type: 'cook'; readonly dish: string } | { readonly type: 'close' },
  },
  actions: {
    cook: assign(({ context, event }) => {
      if (event.type !== 'cook') return {};
      if (event.dish === 'stones') throw new Error('the oven broke');
      return { dishes: [...context.dishes, event.dish] };
    }),
  },
}).createMachine({
  context: { dishes: [] },
  initial: 'open',
  states: {
    open: { on: { cook: { actions: 'cook' }, close: 'closed' } },
    closed: { type: 'final' },
  },
});

export function dishesOf({ context }: { readonly context: { readonly dishes: readonly string[] } }): {
  dishes: string[];
} {
  return { dishes: [...context.dishes] };
}
