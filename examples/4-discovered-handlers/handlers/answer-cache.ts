import { defineHandler } from 'breakwater';
import { answerGiven } from '../events.ts';

const cache = new Map<string, string>();

export default defineHandler({
  event: answerGiven,
  handle({ data }) {
    cache.set(data.question.toLowerCase(), data.answer);
  },
});
