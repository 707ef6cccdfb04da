import { defineHandler, scoped } from 'breakwater';
import { openSession } from '../database.ts';
import { activityLog } from '../events.ts';

export default defineHandler({
  event: activityLog,
  options: { dedupe: true },
  // An event may come twice. Its key is the same each time, so a table with a unique column keeps one.
  handle: scoped(
    openSession,
    (session, error) => session.release(error),
    ({ data, metadata }, { idempotencyKey }, session) => {
      session.insert('activity_log', { idempotencyKey, ...data, emittedAt: metadata?.['_emitted_at'] });
    },
  ),
});
