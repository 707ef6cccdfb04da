import { createHash } from 'node:crypto';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { LogRecord } from '../event-log.ts';
import type { OutletMessage } from './outlet.ts';

/** A message of a wave, with those that must not be sent before it is settled. */
export interface WaveMessage extends OutletMessage {
  readonly records: readonly LogRecord[];
  /** How many it waits for itself. */
  blockers: number;
  readonly followers: Set<WaveMessage>;
}

interface Gathering {
  readonly number: number;
  readonly subject: string;
  readonly records: LogRecord[];
  /** Numbers of those that come before it. */
  readonly after: Set<number>;
}

/**
 * Parts what was read from a log into messages: the same records always into the same ones.
 *
 * Events of one subject share a message, up to `maxEvents`. One whose key has been in a later message than the one that
 * its subject gathers begins another, and each waits for the one before of its subject and for those that hold keys of
 * its own: so what is stored is in the order of the log for each subject, and for each key over all subjects.
 * A message waits only for earlier ones: there are no cycles. O(1) an event.
 */
export function planWave(
  records: readonly LogRecord[],
  subjectOf: (event: EventEnvelope) => string,
  maxEvents: number,
): WaveMessage[] {
  const gathered: Gathering[] = [];
  const ofSubject = new Map<string, Gathering>();
  const ofKey = new Map<string, number>();
  for (const record of records) {
    const { event } = record;
    const subject = subjectOf(event);
    const before = event.key === undefined ? undefined : ofKey.get(event.key);
    let into = ofSubject.get(subject);
    if (
      into === undefined ||
      into.records.length >= maxEvents ||
      (before !== undefined && before > into.number)
    ) {
      const after = new Set(into === undefined ? [] : [into.number]);
      into = { number: gathered.length, subject, records: [], after };
      gathered.push(into);
      ofSubject.set(subject, into);
    }
    into.records.push(record);
    if (event.key === undefined || before === into.number) continue;
    if (before !== undefined) into.after.add(before);
    ofKey.set(event.key, into.number);
  }
  const messages = gathered.map(({ subject, records }) => waveMessage(subject, records));
  for (const [number, { after }] of gathered.entries()) {
    const message = messages[number];
    for (const earlier of after) if (message !== undefined) messages[earlier]?.followers.add(message);
    if (message !== undefined) message.blockers = after.size;
  }
  return messages;
}

/** Two messages, one behind the other, in place of one that is too large. */
export function splitMessage({ subject, records }: WaveMessage): [WaveMessage, WaveMessage] {
  const middle = records.length >> 1;
  return [waveMessage(subject, records.slice(0, middle)), waveMessage(subject, records.slice(middle))];
}

/** The ids that a message's events may be stored under: its own, and those of the parts that it may be split into. */
export function possibleIds(message: WaveMessage): string[] {
  if (message.records.length < 2) return [message.id];
  return [message.id, ...splitMessage(message).flatMap(possibleIds)];
}

/** A message of its own, that waits for nothing. */
export function waveMessage(subject: string, records: readonly LogRecord[]): WaveMessage {
  const events = records.map(({ event }) => event);
  return { id: idOf(events), subject, records, events, blockers: 0, followers: new Set() };
}

/** One event goes under its own id, as it does from any publisher. */
function idOf(events: readonly EventEnvelope[]): string {
  const [first] = events;
  if (events.length === 1 && first !== undefined) return first.id;
  const hash = createHash('sha256');
  for (const { id } of events) hash.update(id).update('\n');
  return `bridge-${hash.digest('base64url').slice(0, 27)}`;
}
