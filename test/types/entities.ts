import { expectTypeOf } from 'vitest';
import { createBus, defineEntity, defineEvent, type EntityDefinition, type EventOf } from 'breakwater';
import type { Observable } from 'rxjs';
import { assign, setup, type SnapshotFrom } from 'xstate';
import { z } from 'zod';

const placed = defineEvent('order.placed', z.object({ orderId: z.string(), total: z.number() }));
const paid = defineEvent('payment.received', z.object({ orderId: z.string(), amount: z.number() }));

const machine = setup({
  types: {
    input: {} as { readonly key: string },
    context: {} as { readonly total: number },
    events: {} as EventOf<typeof placed> | EventOf<typeof paid>,
  },
}).createMachine({
  context: { total: 0 },
  on: { 'order.placed': { actions: assign({ total: ({ event }) => event.data.total }) } },
});

const demanding = setup({ types: { input: {} as { readonly shop: string } } }).createMachine({});

// The key selector knows the events; with a pattern among them, members of payloads may be anything.
const order = defineEntity('order', machine, {
  on: [placed, paid],
  key: (event) => {
    expectTypeOf(event).toEqualTypeOf<EventOf<typeof placed> | EventOf<typeof paid>>();
    return event.data.orderId;
  },
  toSignal: (event) => (event.type === 'order.placed' ? event : undefined),
});
defineEntity('order', machine, { on: [placed, paid, 'shipment.>'], key: (event) => event.data.orderId });
expectTypeOf(order).toEqualTypeOf<EntityDefinition<SnapshotFrom<typeof machine>, 'order'>>();

// @ts-expect-error -- a number is no key
defineEntity('order', machine, { on: [placed], key: (event) => event.data.total });
// @ts-expect-error -- not a signal of the machine
defineEntity('order', machine, { on: [placed], toSignal: () => ({ type: 'order.lost' }) });
// @ts-expect-error -- the machine wants more than a key
defineEntity('order', demanding, { on: [placed] });
defineEntity('order', demanding, { on: [placed], input: (key) => ({ shop: key }) });

const cart = defineEntity(
  'cart',
  {
    initial: { items: 0 },
    fold: (state, event) => {
      expectTypeOf(state).toEqualTypeOf<{ items: number }>();
      expectTypeOf(event).toEqualTypeOf<EventOf<typeof placed>>();
      return { items: state.items + event.data.total };
    },
  },
  { on: [placed], key: (event) => event.data.orderId },
);

const bus = createBus();
const ref = bus.entity(order, '42');
expectTypeOf(ref.snapshot$).toEqualTypeOf<Observable<SnapshotFrom<typeof machine>>>();
expectTypeOf(ref.ask((snapshot) => snapshot.context.total)).toEqualTypeOf<Promise<number>>();
expectTypeOf(bus.entity(cart, 'c').ask((state) => state.items)).toEqualTypeOf<Promise<number>>();
void ref.send(paid, { orderId: '42', amount: 1 });
// @ts-expect-error -- the payload is that of the definition
void ref.send(paid, { orderId: '42' });
