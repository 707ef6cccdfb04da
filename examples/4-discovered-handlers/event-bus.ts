import { createBus, type Bus, type Enricher } from 'breakwater';

/** Every event says what it is and when it was emitted, also where only its metadata is kept. */
const stamp: Enricher = ({ type, time }) => ({
  metadata: { _event_type: type, _emitted_at: new Date(time).toISOString() },
});

let bus: Promise<Bus> | undefined;

/** The bus of this process, with all the handlers of the folder; made at the first call. */
export function getEventBus(): Promise<Bus> {
  bus ??= startEventBus();
  return bus;
}

async function startEventBus(): Promise<Bus> {
  const created = createBus({ source: 'assistant', enrich: [stamp] });
  await created.discoverHandlers(new URL('./handlers/', import.meta.url));
  return created;
}
