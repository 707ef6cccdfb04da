import {
  createBus,
  defineEvent,
  type AnyEventDraft,
  type EventEnvelope,
  type EventOf,
  type Publishable,
} from 'breakwater';
import { z } from 'zod';

const placed = defineEvent(
  'order.placed',
  z.object({ orderId: z.string(), total: z.coerce.number<string>() }),
);
const paid = defineEvent('order.paid', z.object({ amount: z.number() }));
const bus = createBus();

// A typed draft is a draft, and can be published as one.
const draft: AnyEventDraft = placed({ orderId: '1', total: '2' });
const several: Publishable[] = [placed({ orderId: '1', total: '2' }), paid({ amount: 1 })];
void bus.publishBatch(several);
void bus.publishBatch([draft, placed({ orderId: '1', total: '2' })]);
void bus.publish(placed({ orderId: '1', total: '2' }));
void bus.publish(placed, { orderId: '1', total: '2' }, { priority: 'urgent' });

// The payload of an event is what the schema gives, not what it takes.
const event: EventOf<typeof placed> = {} as EventEnvelope<{ orderId: string; total: number }, 'order.placed'>;
void event;

// @ts-expect-error -- a payload of the wrong type does not compile
void bus.publish(placed, { orderId: 1, total: '2' });
// @ts-expect-error -- a missing member does not compile
void bus.publish(placed({ orderId: '1' }));
// @ts-expect-error -- an unknown priority does not compile
void bus.publish(paid, { amount: 1 }, { priority: 'asap' });

bus.subscribe(placed, ({ data }) => data.total.toFixed(2));
bus.subscribe([placed, paid], ({ type, data }) => (type === 'order.paid' ? data.amount : data.total));
bus.subscribe('order.*', ({ data }) => {
  // @ts-expect-error -- what a pattern matches is not typed
  return data.total as unknown;
});
// @ts-expect-error -- the event has no such member
bus.subscribe(paid, ({ data }) => data.total as unknown);
