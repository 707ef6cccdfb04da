import { type ConformanceCase, placeNames } from './conformance-case.ts';
import { logFacts } from './log-facts.ts';
import { logModel } from './log-model.ts';
import type { EventLogSubject } from './log-session.ts';

/**
 * The obligations of an `EventLog`, as cases for any test runner. One of them runs random commands against a
 * model, and needs the package `fast-check`.
 *
 * @example
 * ```ts
 * const cases = eventLogConformance({ name: 'mine', features, open: (place, ports) => openMine(place, ports) });
 * for (const { name, run } of cases) test(name, run);
 * ```
 */
export function eventLogConformance(subject: EventLogSubject): ConformanceCase[] {
  const place = placeNames('log');
  return [...logFacts(subject, place), logModel(subject, place)];
}
