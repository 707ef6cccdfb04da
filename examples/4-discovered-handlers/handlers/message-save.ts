import { defineHandler } from 'breakwater';
import { tables } from '../database.ts';
import { answerGiven } from '../events.ts';

// Saving is slow, and the user should not wait for it: the answer was given before this runs.
export default defineHandler({
  event: answerGiven,
  options: { concurrency: 1, retry: { maxAttempts: 5 } },
  async handle({ data }) {
    await Promise.resolve();
    tables.set('messages', [...(tables.get('messages') ?? []), data]);
  },
});
