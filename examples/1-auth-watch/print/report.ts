import type { Bus } from 'breakwater';
import type { Alert } from '../events.ts';
import { alertText } from './alert-text.ts';
import { alertLine, summaryLine } from './json-lines.ts';
import type { Paint } from './paint.ts';
import type { Summary } from './summary.ts';
import { summaryTables } from './summary-tables.ts';

/** What the job tells its user. Each gives the lines to print. */
export interface Report {
  alert(alert: Alert): string;
  end(summary: Summary, bus: Bus, seconds: number): string;
}

/** For programs: one JSON object a line, and nothing that differs from run to run. */
export const jsonReport: Report = { alert: alertLine, end: summaryLine };

/** For people. */
export function createTextReport(paint: Paint): Report {
  return {
    alert: (alert) => alertText(alert, paint),
    end: (summary, bus, seconds) => summaryTables(summary, bus, seconds, paint),
  };
}
