import type { EventLog, LogBounds, LogFault, LogPage, LogRange, LogRecord } from '../event-log.ts';
import type { Archive } from './archive.ts';
import { ArchivedBlocks } from './archived-blocks.ts';
import { isWanted, resolveRange, type ResolvedRange } from './resolve-range.ts';

/** Stretches that one page looks into, at most: a key that nothing has must not hold up its reader. */
const maxLook = 16;

/**
 * A log together with its archive: what left the log is read as if it were still there.
 *
 * The log is always looked at before the list of segments. A record that moves meanwhile was seen in the log, or is
 * listed by then; where it is in both, it is given once. Cost of a read that the archive has no part in: one
 * comparison. A read in the archive decodes the blocks that it passes, for segments have no index by type or key.
 */
export function archivedLog(
  log: EventLog,
  archive: Archive,
  ready: () => Promise<void> | undefined,
): EventLog {
  const blocks = new ArchivedBlocks(archive);
  const reader = { log, archive, blocks };
  return {
    name: log.name,
    features: log.features,
    append: (events) => log.append(events),
    watch: (listener) => log.watch(listener),
    read: (range) => {
      const wanted = resolveRange(range);
      const opening = ready();
      if (opening !== undefined) return opening.then(() => readBoth(reader, range, wanted));
      // The common case: who reads near the end never meets the archive.
      if (wanted.newest || wanted.from <= archive.last) return readBoth(reader, range, wanted);
      const page = log.read(range);
      if (!(page instanceof Promise)) return page;
      // What was archived while the log was read may be missing in its page.
      return page.then((read) => (wanted.from > archive.last ? read : readBoth(reader, range, wanted)));
    },
    bounds: async () => {
      await ready();
      const bounds = await log.bounds();
      const first = archive.first;
      return {
        first: first === undefined ? bounds.first : Math.min(first, bounds.first),
        last: bounds.last,
        count: bounds.count + archive.count,
      };
    },
    positionAt: async (time) => {
      await ready();
      const inLog = await log.positionAt(time);
      return Math.min(inLog, await archivedPositionAt(reader, time));
    },
    trim: async (before) => {
      await ready();
      const removed = await log.trim(before);
      const { last } = await log.bounds();
      // What has yet to come is not before it.
      return removed + (await archive.trim(Math.min(before, last + 1)));
    },
    remove: async (positions) => {
      await ready();
      const removed = await log.remove(positions);
      return removed + (await archive.hide(positions));
    },
  };
}

interface Reader {
  readonly log: EventLog;
  readonly archive: Archive;
  readonly blocks: ArchivedBlocks;
}

async function readBoth(
  reader: Reader,
  range: LogRange | undefined,
  wanted: ResolvedRange,
): Promise<LogPage> {
  const bounds = await reader.log.bounds();
  return wanted.newest ? readDown(reader, range, wanted, bounds) : readUp(reader, range, wanted, bounds);
}

async function readUp(
  reader: Reader,
  range: LogRange | undefined,
  wanted: ResolvedRange,
  { first }: LogBounds,
): Promise<LogPage> {
  const { log, archive, blocks } = reader;
  const { from, to } = wanted;
  if (from < first && archive.last >= from) {
    // Nothing that the log has lies here.
    const end = Math.min(to, first - 1);
    const page = await take(blocks, wanted, from, end);
    if (!page.atEnd || to < first) return page;
    return goOn(reader, range, wanted, page, { from: first });
  }
  const page = await log.read(range);
  if (archive.last < from) return page;
  const end = page.atEnd ? Math.min(to, archive.last) : Math.min(to, page.next - 1);
  const archived = await take(blocks, wanted, from, end);
  return merge(wanted, page, archived);
}

async function readDown(
  reader: Reader,
  range: LogRange | undefined,
  wanted: ResolvedRange,
  { first }: LogBounds,
): Promise<LogPage> {
  const { log, archive, blocks } = reader;
  const { from, to } = wanted;
  if (to < first) return take(blocks, wanted, from, to);
  const low = Math.max(from, first);
  const page = await log.read({ ...range, from: low });
  const start = page.atEnd ? low : Math.max(low, page.next + 1);
  const archived = archive.last < start ? nothing : await take(blocks, wanted, start, to);
  const merged = merge(wanted, page, archived);
  if (!merged.atEnd || from >= first || archive.last === 0) return merged;
  return goOn(reader, range, wanted, merged, { to: first - 1 });
}

/** Fills a page that ended where the archive and the log meet. What the log holds is looked up anew meanwhile. */
async function goOn(
  reader: Reader,
  range: LogRange | undefined,
  wanted: ResolvedRange,
  page: LogPage,
  place: { readonly from: number } | { readonly to: number },
): Promise<LogPage> {
  const limit = wanted.limit - page.records.length;
  if (limit <= 0) return { ...page, next: 'from' in place ? place.from : place.to, atEnd: false };
  const rest = { ...wanted, ...place, limit };
  const { records, faults, next, atEnd } = await readBoth(reader, { ...range, ...place, limit }, rest);
  return { records: [...page.records, ...records], faults: [...page.faults, ...faults], next, atEnd };
}

const nothing: LogPage = { records: [], faults: [], next: 0, atEnd: true };

/** Takes what is wanted between two positions, up to the limit. */
async function take(
  blocks: ArchivedBlocks,
  wanted: ResolvedRange,
  low: number,
  high: number,
): Promise<LogPage> {
  const { newest, since, until } = wanted;
  const sign = newest ? -1 : 1;
  const bottom = Math.max(low, blocks.floor);
  const records: LogRecord[] = [];
  const faults: LogFault[] = [];
  /** The first position, in the order of reading, that was not looked at. */
  let edge: number | undefined;
  const stretches = await blocks.stretches({ low, high, newest, since, until }, maxLook);
  for (const [looked, stretch] of stretches.entries()) {
    const start = newest ? stretch.last : stretch.first;
    // Stretches of several segments may overlap: what lies behind the start of the next may be in it, too.
    const goesOn = looked >= maxLook && (newest ? start < high : start > low);
    if (goesOn || countBefore(records, start, sign) >= wanted.limit) {
      edge = start;
      break;
    }
    const content = await stretch.read();
    for (const record of content.records) {
      if (record.position >= bottom && record.position <= high && isWithin(record, wanted))
        records.push(record);
    }
    for (const fault of content.faults) {
      if (fault.position >= bottom && fault.position <= high) faults.push(fault);
    }
  }
  return cut(wanted, records, faults, edge, low, high);
}

function countBefore(records: readonly LogRecord[], start: number, sign: number): number {
  let count = 0;
  for (const { position } of records) if ((start - position) * sign > 0) count += 1;
  return count;
}

/** Sorts what was found, and ends the page where more was found than is wanted, or where the look ended. */
function cut(
  { newest, limit }: ResolvedRange,
  found: readonly LogRecord[],
  faults: readonly LogFault[],
  edge: number | undefined,
  low: number,
  high: number,
): LogPage {
  const sign = newest ? -1 : 1;
  const sorted = found.toSorted((a, b) => (a.position - b.position) * sign);
  const isBefore = (position: number, bound: number): boolean => (bound - position) * sign > 0;
  let end = edge;
  const records: LogRecord[] = [];
  for (const record of sorted) {
    if (end !== undefined && !isBefore(record.position, end)) break;
    if (records.length === limit) {
      end = record.position;
      break;
    }
    if (records.at(-1)?.position !== record.position) records.push(record);
  }
  const stop = end;
  const seen = stop === undefined ? faults : faults.filter(({ position }) => isBefore(position, stop));
  const next = stop ?? (newest ? low - 1 : high + 1);
  return {
    records,
    faults: seen.toSorted((a, b) => a.position - b.position),
    next,
    atEnd: stop === undefined,
  };
}

/** One page of two that cover the same positions, each up to its own end. A record that is in both is given once. */
function merge(wanted: ResolvedRange, log: LogPage, archived: LogPage): LogPage {
  if (archived.records.length === 0 && archived.faults.length === 0 && archived.atEnd) return log;
  const records = [...log.records, ...archived.records];
  // What the log cannot read, the archive may; and the other way round.
  const whole = new Set(records.map(({ position }) => position));
  const faults = [...log.faults, ...archived.faults].filter(({ position }) => !whole.has(position));
  const edges = [log, archived].filter(({ atEnd }) => !atEnd).map(({ next }) => next);
  const edge = edges.length === 0 ? undefined : wanted.newest ? Math.max(...edges) : Math.min(...edges);
  const page = cut(wanted, records, faults, edge, 0, 0);
  return page.atEnd ? { ...page, next: log.next } : page;
}

function isWithin({ event, appendedAt }: LogRecord, wanted: ResolvedRange): boolean {
  if (wanted.since !== undefined && appendedAt < wanted.since) return false;
  if (wanted.until !== undefined && appendedAt >= wanted.until) return false;
  return isWanted(event, wanted);
}

/** The first archived position of a time or later; Infinity when there is none. */
async function archivedPositionAt({ archive, blocks }: Reader, time: number): Promise<number> {
  const wanted = resolveRange({ since: time, limit: 1 });
  for (let from = 1; from <= archive.last;) {
    const page = await take(blocks, wanted, Math.max(from, archive.floor), archive.last);
    const [record] = page.records;
    if (record !== undefined) return record.position;
    if (page.atEnd) break;
    from = page.next;
  }
  return Infinity;
}
