import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { defineEvent } from '../../streams/event/define-event.ts';
import type { HandlerScript } from './handler-script.ts';

/** Payload of the events that laws publish: their number, and what their handlers do. */
export interface ProbeData extends HandlerScript {
  readonly n: number;
}

const anything: StandardSchemaV1<ProbeData, ProbeData> = {
  '~standard': { version: 1, vendor: 'breakwater', validate: (value) => ({ value: value as ProbeData }) },
};

/** What laws publish. */
export const probe = defineEvent('law.probe', anything);

/** The payload of a probe. */
export function probeData(event: EventEnvelope): ProbeData {
  return event.data as ProbeData;
}
