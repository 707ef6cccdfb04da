import type { EventEnvelope } from '../../streams/event/envelope.ts';

/** An event with no more than an event must have. */
export const placedOrder: EventEnvelope = {
  id: '0199aa5f-3c2e-7abc-8def-0123456789ab',
  type: 'order.placed',
  source: 'shop',
  time: 1_700_000_000_000,
  priority: 'normal',
  schemaVersion: 1,
  data: { total: 1 },
};
