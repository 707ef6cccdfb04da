import type { HandlerCall } from '../actors/handler-call.ts';
import type { Outcome } from '../streams/event/outcome.ts';

/** Says how a call ended, for those who watch a subscriber's outcomes. */
export function callOutcome(
  status: Outcome['status'],
  { delivery: { event, attempt } }: HandlerCall,
  durationMs: number,
  error?: unknown,
  retryInMs?: number,
): Outcome {
  return {
    status,
    eventId: event.id,
    eventType: event.type,
    attempt,
    durationMs,
    ...(error === undefined ? {} : { error }),
    ...(retryInMs === undefined ? {} : { retryInMs }),
  };
}
