import type { Alert } from '../events.ts';
import type { Summary } from './summary.ts';

/** An alert as one line of JSON, for programs. JSON escapes C0 controls by itself. */
export function alertLine({ type, time, key, data }: Alert): string {
  return JSON.stringify({ type, time, key, data });
}

/** The summary as one line of JSON. */
export function summaryLine(summary: Summary): string {
  return JSON.stringify({ type: 'summary', data: summary });
}
