import type { StoredMsg } from '@nats-io/jetstream';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { LogFault, LogPage, LogRange, LogRecord } from '../event-log.ts';
import { isWanted, resolveRange, type ResolvedRange } from '../log/resolve-range.ts';
import type { IndexedMessage, LogIndex } from './log-index.ts';
import type { LogStream } from './log-stream.ts';
import { positionOf } from './stream-position.ts';
import type { WireFormat } from './wire-message.ts';

/** Messages that one page looks at, at most, and that are asked for at once. */
const maxLook = 256;
const atOnce = 32;

export interface LogPagePorts {
  /** Brings the index up to date. */
  readonly fresh: () => Promise<void>;
  readonly stream: LogStream;
  readonly format: WireFormat;
  readonly now: () => number;
}

interface Page {
  readonly records: LogRecord[];
  readonly faults: LogFault[];
}

/** Reads a page of a range. @throws TypeError, RangeError, StorageError */
export async function readPage(
  range: LogRange | undefined,
  index: LogIndex,
  ports: LogPagePorts,
): Promise<LogPage> {
  const wanted = resolveRange(range);
  await ports.fresh();
  const { first, last } = index.bounds();
  let from = Math.max(wanted.from, first);
  let to = Math.min(wanted.to, last);
  if (wanted.since !== undefined) from = Math.max(from, index.positionAt(wanted.since));
  if (wanted.until !== undefined) to = Math.min(to, index.positionAt(wanted.until) - 1);
  const { newest } = wanted;
  const page: Page = { records: [], faults: [] };
  const messages = from > to ? [] : index.messages(from, to, newest, maxLook);
  for (let at = 0; at < messages.length; at += atOnce) {
    const some = messages.slice(at, at + atOnce);
    const stored = await Promise.all(some.map(({ sequence }) => ports.stream.message(sequence)));
    // Somebody may have taken it out since: then a note says so.
    if (stored.includes(undefined)) await ports.fresh();
    for (const [place, message] of some.entries()) {
      if (!index.holds(message.sequence)) continue;
      const next = takeMessage(message, stored[place], page, { ...wanted, from, to }, index, ports);
      if (next !== undefined) return { ...page, next, atEnd: newest ? next < from : next > to };
    }
  }
  const end = newest ? from - 1 : Math.max(from, to + 1);
  const final = messages.at(-1);
  if (final === undefined || messages.length < maxLook) return { ...page, next: end, atEnd: true };
  const next = newest ? positionOf(final.sequence, 0) - 1 : positionOf(final.sequence, final.count);
  return { ...page, next, atEnd: newest ? next < from : next > to };
}

/** Takes what is wanted of a message; gives where to read on once the page is full. */
function takeMessage(
  { sequence, count, appendedAt }: IndexedMessage,
  stored: StoredMsg | undefined,
  page: Page,
  wanted: ResolvedRange,
  index: LogIndex,
  { format, now }: LogPagePorts,
): number | undefined {
  let events: readonly EventEnvelope[];
  try {
    if (stored === undefined) throw new Error('the message is gone, and nothing in the log says so');
    events = format.decode(stored.data, stored.header, now());
  } catch (error) {
    page.faults.push({ position: positionOf(sequence, 0), reason: describeError(error) });
    return undefined;
  }
  for (let step = 0; step < count; step += 1) {
    const place = wanted.newest ? count - 1 - step : step;
    const position = positionOf(sequence, place);
    const event = events[place];
    if (event === undefined || position < wanted.from || position > wanted.to) continue;
    if (!isWanted(event, wanted) || !index.has(position)) continue;
    page.records.push({ position, event, appendedAt });
    if (page.records.length >= wanted.limit) return wanted.newest ? position - 1 : position + 1;
  }
  return undefined;
}
