import type { Observable } from 'rxjs';
import { expectTypeOf } from 'vitest';
import {
  joinAsOf,
  type Joined,
  joinInterval,
  joinLatest,
  joinWindow,
  type Watermark,
} from 'breakwater/streams';

interface Order {
  readonly id: string;
  readonly time: number;
}

interface Payment {
  readonly order: string;
  readonly time: number;
  readonly amount: number;
}

declare const orders: Observable<Order | Watermark>;
declare const payments: Observable<Payment | Watermark>;

const keys = { leftKey: (order: Order) => order.id, rightKey: (payment: Payment) => payment.order };

// Both sides are known from the streams: selectors need no types.
const inner = orders.pipe(
  joinInterval(payments, { leftKey: (o) => o.id, rightKey: (p) => p.order, fromMs: 0, toMs: 1 }),
);
expectTypeOf(inner).toEqualTypeOf<Observable<Joined<Order, Payment, string> | Watermark>>();

const left = orders.pipe(joinInterval(payments, { ...keys, fromMs: 0, toMs: 1, kind: 'left' }));
expectTypeOf(left).toEqualTypeOf<Observable<Joined<Order, Payment | null, string> | Watermark>>();

const full = orders.pipe(joinInterval(payments, { ...keys, fromMs: 0, toMs: 1, kind: 'full' }));
expectTypeOf(full).toEqualTypeOf<Observable<Joined<Order | null, Payment | null, string> | Watermark>>();

const asOf = orders.pipe(joinAsOf(payments, keys));
expectTypeOf(asOf).toEqualTypeOf<Observable<Joined<Order, Payment | null, string> | Watermark>>();

// @ts-expect-error the keys of the two sides are of different types
orders.pipe(joinWindow(payments, { leftKey: (o) => o.id, rightKey: (p) => p.amount, sizeMs: 1 }));

// @ts-expect-error as of a time there is no left value for a right one
orders.pipe(joinAsOf(payments, { ...keys, kind: 'full' }));

// @ts-expect-error a table has no time
orders.pipe(joinLatest(payments, { ...keys, rightTime: (p) => p.time }));

export { inner, left, full, asOf };
