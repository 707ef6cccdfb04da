import { describeValue } from '../../streams/event/describe-value.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { coveringPattern, isGlob, type GlobPattern } from '../../streams/event/glob.ts';
import { isSubset, overlaps } from '../../streams/event/pattern.ts';
import { priorities } from '../../streams/event/priority.ts';

/** Second tokens: a stream's events, copies of what was given up, and requests. No lane is called so. */
const eventsToken = 'events';
const deadLetterToken = 'dead-letters';
const requestToken = 'requests';

/** Returns a namespace: the first token of all subjects. @throws TypeError for what is no single token. */
export function checkNamespace(namespace: unknown): string {
  if (typeof namespace === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(namespace)) return namespace;
  throw new TypeError(
    `namespace must be one token of 1 to 64 letters, digits, _ or -, got ${describeValue(namespace)}`,
  );
}

/** Returns the name of a stream. @throws TypeError for what a server would refuse, or take for a subject. */
export function checkStreamName(name: unknown): string {
  if (typeof name === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(name)) return name;
  throw new TypeError(`stream.name must be 1 to 64 letters, digits, _ or -, got ${describeValue(name)}`);
}

/** A subscriber's name as one token: names may hold dots and colons, which tokens and file names may not. */
export function nameToken(name: string): string {
  return name.replaceAll('.', '=d').replaceAll(':', '=c');
}

/** Where an event travels on core NATS: `shop.normal.order.placed`. */
export function coreSubject(namespace: string, { priority, type }: EventEnvelope): string {
  return `${namespace}.${priority}.${type}`;
}

/** Where an event is stored: `shop.events.normal.3.order.placed`. */
export function storedSubject(
  namespace: string,
  { priority, type }: EventEnvelope,
  partition: number,
): string {
  return `${namespace}.${eventsToken}.${priority}.${partition}.${type}`;
}

/** All stored events of some lanes, partitions and types, each a token, a type's tokens, or wildcards. */
export function storedSubjects(namespace: string, lane = '*', partition = '*', types = '>'): string {
  return `${namespace}.${eventsToken}.${lane}.${partition}.${types}`;
}

/** Where copies of events lie that `subscriber` gave up: `shop.dead-letters.billing.order.placed`. */
export function deadLetterSubject(namespace: string, subscriber: string, type: string): string {
  return `${namespace}.${deadLetterToken}.${nameToken(subscriber)}.${type}`;
}

/** Where requests of a type are sent: `shop.requests.price.quote`. */
export function requestSubject(namespace: string, type: string): string {
  return `${namespace}.${requestToken}.${type}`;
}

/** All copies of events that were given up. */
export function deadLetterSubjects(namespace: string): string {
  return `${namespace}.${deadLetterToken}.>`;
}

/** Whether a subject, of which `skipped` tokens come first, is that of an event of this lane and type. */
export function isSubjectOf(subject: string, { priority, type }: EventEnvelope, skipped: 1 | 2): boolean {
  let at = subject.indexOf('.') + 1;
  // Where events are stored, a partition stands between lane and type.
  if (skipped === 2) at = subject.indexOf('.', at) + 1;
  if (!subject.startsWith(`${priority}.`, at)) return false;
  at += priority.length + 1;
  if (skipped === 2) at = subject.indexOf('.', at) + 1;
  return subject.length - at === type.length && subject.endsWith(type);
}

/**
 * The first of a message's events that is not of the lane and type that its subject says, of which `skipped` tokens come
 * first. Looks at an event that is like the one before no further: nearly all are.
 */
export function strayAmong(
  events: readonly EventEnvelope[],
  subject: string,
  skipped: 1 | 2,
): EventEnvelope | undefined {
  let known: EventEnvelope | undefined;
  for (const event of events) {
    if (known?.type === event.type && known.priority === event.priority) continue;
    if (!isSubjectOf(subject, event, skipped)) return event;
    known = event;
  }
  return undefined;
}

/** Patterns in NATS' grammar that cover `patterns`, without those that another covers. */
export function coveringPatterns(patterns: readonly (string | GlobPattern)[]): string[] {
  const covers = [
    ...new Set(patterns.map((pattern) => (isGlob(pattern) ? coveringPattern(pattern) : pattern))),
  ];
  return covers.filter((cover) => !covers.some((other) => other !== cover && isSubset(cover, other)));
}

/**
 * The subjects of core NATS that bring all that `covers` match, each event once. Where patterns overlap, all types
 * are taken: two subscriptions would bring some events twice.
 */
export function coreSubjects(namespace: string, covers: readonly string[]): string[] {
  const apart = covers.every((cover, at) => covers.slice(at + 1).every((other) => !overlaps(cover, other)));
  return (apart ? covers : ['>']).flatMap((cover) =>
    cover === '>' ? priorities.map((priority) => `${namespace}.${priority}.>`) : [`${namespace}.*.${cover}`],
  );
}
