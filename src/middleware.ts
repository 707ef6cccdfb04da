import type { Handler, HandlerContext } from '../actors/handler.ts';
import type { EventEnvelope } from '../streams/event/envelope.ts';

/**
 * Wraps handler calls: call `next` to go on. Runs inside the breaker, the timeout and the retry, so that
 * what it throws counts as a failure of the handler.
 */
export type Middleware = (event: EventEnvelope, context: HandlerContext, next: () => unknown) => unknown;

/** The handler with all middleware around it, the first outermost. The handler itself where there is none. */
export function compose(middleware: readonly Middleware[], handler: Handler): Handler {
  return middleware.reduceRight<Handler>(
    (inner, wrap) => (event, context) => wrap(event, context, () => inner(event, context)),
    handler,
  );
}
