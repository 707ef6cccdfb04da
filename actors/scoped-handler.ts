import type { EventEnvelope } from '../streams/event/envelope.ts';
import type { Handler, HandlerContext } from './handler.ts';

/**
 * Gives a handler a resource of its own for each call, a database session for instance, and takes it back
 * however the call ends. `release` hears of the error, if there was one, before it goes on.
 *
 * @example
 * ```ts no-run
 * bus.subscribe(orderPlaced, scoped(() => pool.connect(), (session) => session.release(),
 *   async (event, context, session) => session.query('insert …', [event.data.orderId])));
 * ```
 */
export function scoped<Event extends EventEnvelope, Resource>(
  acquire: (event: Event) => Resource | Promise<Resource>,
  release: (resource: Resource, error?: unknown) => unknown,
  handle: (event: Event, context: HandlerContext, resource: Resource) => unknown,
): Handler<Event> {
  return async function scopedHandler(event, context) {
    const resource = await acquire(event);
    let result: unknown;
    try {
      result = await handle(event, context, resource);
    } catch (error) {
      await release(resource, error);
      throw error;
    }
    await release(resource);
    return result;
  };
}
