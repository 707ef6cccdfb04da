import type { Middleware } from '../middleware.ts';

/**
 * Makes every handler run twice for each event, to show what it does when an event comes again:
 * `createTestBus({ middleware: [duplicator()] })`.
 *
 * The second run gets the same event, attempt and idempotency key, right after the first has succeeded; what it
 * returns or throws counts.
 */
export function duplicator(): Middleware {
  return async (_event, _context, next) => {
    await next();
    return next();
  };
}
