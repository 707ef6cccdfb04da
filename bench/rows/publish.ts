import { createBus, noopTransport, type BusOptions, type Bus } from 'breakwater';
import { atLeast } from '../harness/goals.ts';
import { ratePerCore } from '../harness/measure.ts';
import { importPeer } from '../harness/peers.ts';
import type { Measure, Row, Subject } from '../harness/row.ts';
import { orderPlaced } from '../workload/order-placed.ts';
import { burst, orderAt, orderSchema, silent } from '../workload/orders.ts';

const count = 2 * 1024 * 1024;

type PublishBurst = (bus: Bus, from: number) => Promise<void> | void;

const forms: Readonly<Record<'publish' | 'publishSync' | 'emit', PublishBurst>> = {
  publish: async (bus, from) => {
    for (let n = from; n < from + burst - 1; n += 1) void bus.publish(orderPlaced, orderAt(n));
    await bus.publish(orderPlaced, orderAt(from));
  },
  publishSync: (bus, from) => {
    for (let n = from; n < from + burst; n += 1) bus.publishSync(orderPlaced, orderAt(n));
  },
  emit: (bus, from) => {
    for (let n = from; n < from + burst; n += 1) bus.emit(orderPlaced, orderAt(n));
  },
};

function publishing(form: keyof typeof forms, options: BusOptions): Subject {
  const publishBurst = forms[form];
  return {
    name: 'breakwater',
    prepare: () => {
      const bus = createBus({ source: 'bench', logger: silent, ...options });
      return () =>
        ratePerCore(count, async () => {
          for (let n = 0; n < count; n += burst) await publishBurst(bus, n);
        });
    },
  };
}

interface EmitterModule {
  readonly EventEmitter: new () => { emit(type: string, event: object): boolean };
}

/** Checks and emits to nobody: the least that an application does without a framework. */
const emitterAlone: Subject = {
  name: 'zod+eventemitter3',
  prepare: async (): Promise<Measure> => {
    const { EventEmitter } = await importPeer<EmitterModule>('eventemitter3');
    const emitter = new EventEmitter();
    return () =>
      ratePerCore(count, () => {
        for (let n = 0; n < count; n += 1) emitter.emit('order.placed', orderSchema.parse(orderAt(n)));
      });
  },
};

function row(id: string, what: string, form: keyof typeof forms, options: BusOptions): Row {
  return {
    id,
    what: `${form} of a checked event ${what}`,
    unit: 'publishes/s',
    better: 'higher',
    goal: atLeast(10_000_000, 'publishes/s'),
    subject: publishing(form, options),
    peers: [emitterAlone],
  };
}

const toNobody = 'that nobody subscribes to';
const toNothing = 'on the noop transport';
const noop: BusOptions = { transport: noopTransport() };

export const noSubscriber: Row = row('publish-no-subscriber', toNobody, 'emit', {});
export const noSubscriberSync: Row = row('publish-no-subscriber-sync', toNobody, 'publishSync', {});
export const noSubscriberAwaited: Row = row('publish-no-subscriber-promise', toNobody, 'publish', {});
export const noopEmit: Row = row('publish-noop', toNothing, 'emit', noop);
export const noopSync: Row = row('publish-noop-sync', toNothing, 'publishSync', noop);
export const noopPromise: Row = row('publish-noop-promise', toNothing, 'publish', noop);
