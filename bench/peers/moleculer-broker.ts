import { importPeer } from '../harness/peers.ts';
import type { Order } from '../workload/orders.ts';

interface Broker {
  createService(schema: object): void;
  start(): Promise<void>;
  call(action: string, params: Order): Promise<unknown>;
}
interface BrokerModule {
  readonly default: { readonly ServiceBroker: new (options: object) => Broker };
}

/**
 * A Moleculer broker with one local action, its parameters validated, and circuit breaker, bulkhead, retry and
 * timeout on; no transporter, no logger, no metrics.
 */
export async function moleculerBroker(handle: (order: Order) => Promise<void>): Promise<Broker> {
  const {
    default: { ServiceBroker },
  } = await importPeer<BrokerModule>('moleculer');
  const broker = new ServiceBroker({
    logger: false,
    requestTimeout: 30_000,
    circuitBreaker: { enabled: true, threshold: 0.5, minRequestCount: 20 },
    bulkhead: { enabled: true, concurrency: 16, maxQueueSize: 1_000_000 },
    retryPolicy: { enabled: true, retries: 2, delay: 100 },
  });
  broker.createService({
    name: 'orders',
    actions: {
      place: {
        params: { orderId: 'string', total: 'number', severity: 'number|integer' },
        handler: ({ params }: { readonly params: Order }) => handle(params),
      },
    },
  });
  await broker.start();
  return broker;
}
