import { ValidEnvelope } from '../../streams/event/envelope.ts';

/** An event as a log keeps it; the number tells it from others, and is the end of its id. */
export function logEvent(type: string, number: number, key?: string, data: unknown = number): ValidEnvelope {
  const id = `0190163d-8694-739b-aea5-${String(number).padStart(12, '0')}`;
  return new ValidEnvelope(id, type, 'test', 0, 'normal', 1, data, key, undefined);
}
