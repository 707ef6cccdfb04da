import { isEventId } from './event-id.ts';
import { fieldError } from './field-error.ts';
import { isPlainText } from './plain-text.ts';
import type { Priority } from './priority.ts';
import { isTraceparent } from './trace-context.ts';
import { isTracestate } from './tracestate.ts';

/** Characters in `source`, `key`, `correlationId` and `causationId` at most. */
const maxTextLength = 255;

/** Decides whether `id` is a UUID, and returns it. @throws ValidationError */
export function checkId(id: unknown): string {
  if (isEventId(id)) return id;
  throw fieldError('id', 'be a UUID', id, 'Leave it to the bus, or keep an id of another form in metadata');
}

/**
 * Decides whether `value` is 1 to 255 characters of plain text (no control characters, no lone surrogates),
 * and returns it.
 *
 * @throws ValidationError
 */
export function checkText(field: string, value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.length > maxTextLength) {
    throw fieldError(field, `be text of 1 to ${maxTextLength} characters`, value);
  }
  if (!isPlainText(value)) {
    throw fieldError(field, 'have no control characters or lone surrogates', value);
  }
  return value;
}

/** Decides whether `value` is an integer from `least` up, and returns it. @throws ValidationError */
export function checkInteger(field: string, value: unknown, least: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  throw fieldError(field, `be an integer of at least ${least}`, value);
}

/** Decides which priority is meant, `urgent` being `critical`. @throws ValidationError */
export function checkPriority(priority: unknown): Priority {
  switch (priority) {
    case 'critical':
    case 'high':
    case 'normal':
    case 'low':
      return priority;
    case 'urgent':
      return 'critical';
    default:
      throw fieldError('priority', 'be critical (or urgent), high, normal or low', priority);
  }
}

/** Decides whether `traceparent` is one, and returns it. @throws ValidationError */
export function checkTraceparent(traceparent: unknown): string {
  if (isTraceparent(traceparent)) return traceparent;
  throw fieldError('traceparent', 'be a W3C traceparent', traceparent, 'Leave it out to start a new trace');
}

/** Decides whether `tracestate` is one of 1 to 512 characters, and returns it. @throws ValidationError */
export function checkTracestate(tracestate: unknown): string {
  if (isTracestate(tracestate)) return tracestate;
  throw fieldError('tracestate', 'be a W3C tracestate of 1 to 512 characters', tracestate, 'Leave it out');
}
