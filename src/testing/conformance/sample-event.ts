import type { EventEnvelope } from '../../../streams/event/envelope.ts';

type Fields = Partial<Omit<EventEnvelope, 'id'>>;

/** The n-th event of a case; equal numbers give equal events. */
export function sampleEvent(n: number, fields: Fields = {}): EventEnvelope {
  return {
    id: `0190163d-8694-739b-aea5-${n.toString(16).padStart(12, '0')}`,
    type: 'sample.event',
    source: 'conformance',
    time: 1_704_067_200_000 + n,
    priority: 'normal',
    schemaVersion: 1,
    data: { n },
    ...fields,
  };
}

/** Events `from` to `to`, both among them. */
export function sampleEvents(from: number, to: number, fields: Fields = {}): EventEnvelope[] {
  return Array.from({ length: to - from + 1 }, (_, at) => sampleEvent(from + at, fields));
}
