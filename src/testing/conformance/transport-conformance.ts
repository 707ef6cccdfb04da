import { type ConformanceCase, placeNames } from './conformance-case.ts';
import { deliveryFacts, type TransportFact, universalFacts } from './transport-facts.ts';
import { transportModel } from './transport-model.ts';
import { type TransportSubject, withTransport } from './transport-session.ts';
import { orderFacts, overflowFacts, settlementFacts, settlingFacts } from './transport-settling.ts';

/**
 * The obligations of a `Transport`, as cases for any test runner: those that its features declare. One of them
 * runs random plans, and needs the package `fast-check`.
 *
 * A transport of level `none` is held to carrying nothing well. What a full mailbox does is asked of those alone
 * that keep no backlog in a log.
 *
 * @example
 * ```ts
 * const cases = transportConformance({ name: 'mine', features, open: openMine });
 * for (const { name, run } of cases) test(name, run);
 * ```
 */
export function transportConformance(subject: TransportSubject): ConformanceCase[] {
  const place = placeNames('transport');
  const { level, durable, ordered, settlements } = subject.features;
  const facts: Record<string, TransportFact> = { ...universalFacts };
  if (level !== 'none') {
    Object.assign(facts, deliveryFacts, settlingFacts);
    if (ordered) Object.assign(facts, orderFacts);
    if (settlements) Object.assign(facts, settlementFacts);
    if (!(subject.keepsBacklog ?? durable)) Object.assign(facts, overflowFacts);
  }
  const cases = Object.entries(facts).map(([name, fact]) => ({
    name,
    run: () => withTransport(subject, place(), fact),
  }));
  return level === 'none' ? cases : [...cases, transportModel(subject, place)];
}
