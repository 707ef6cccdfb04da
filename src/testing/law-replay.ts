import fc from 'fast-check';
import { plainRecord } from './plain-record.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { holdLaw, type LawOptions } from './hold-law.ts';
import { createTestBus } from './create-test-bus.ts';

/** What of a log is replayed: positions, both included. */
export interface ReplayRange {
  readonly from?: number;
  readonly to?: number;
}

/** A record of a replay. */
export interface Replayed {
  readonly position: number;
  readonly event: EventEnvelope;
}

/** A log as the law sees it. Positions grow, with gaps or without. */
export interface LogUnderTest {
  /** Appends a batch; resolves when it can be read. */
  append(events: readonly EventEnvelope[]): unknown;
  /** Gives the records of a range, oldest first. */
  replay(range: ReplayRange): Iterable<Replayed> | AsyncIterable<Replayed> | Promise<Iterable<Replayed>>;
  /** How often a side effect took place that a replay must not trigger again, if the log has such. */
  effects?(): number;
}

/** Batches, by how many events each has, and where a replay is broken off and resumed. */
export interface ReplayHistory {
  readonly batches: readonly number[];
  readonly breakAfter: number;
  readonly fromRecord: number;
}

/**
 * Law: replaying a log gives the same events in the same order, each once, every time; from any position on it gives
 * the rest; and it appends nothing and repeats no effect.
 *
 * Takes what makes the log anew for each case.
 *
 * @throws LawViolation with the smallest log found for which it does not hold.
 * @example
 * ```ts
 * const inArray = () => {
 *   const records: Replayed[] = [];
 *   return {
 *     append: (events: readonly EventEnvelope[]) =>
 *       events.forEach((event) => records.push({ position: records.length + 1, event })),
 *     replay: ({ from = 1, to = Infinity }: ReplayRange) =>
 *       records.filter(({ position }) => position >= from && position <= to),
 *   };
 * };
 * await lawReplay(inArray);
 * ```
 */
export function lawReplay(
  make: () => LogUnderTest | Promise<LogUnderTest>,
  options: LawOptions<ReplayHistory> = {},
): Promise<void> {
  return holdLaw(
    {
      name: 'lawReplay',
      says: 'replays the same events in the same order',
      subject: 'myLog, ',
      cases: plainRecord({
        batches: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 12, size: 'max' }),
        breakAfter: fc.nat(30),
        fromRecord: fc.nat(30),
      }),
      async check(history) {
        const log = await make();
        const ids = await fill(log, history.batches);
        const effects = log.effects?.();
        const reason = await judge(log, ids, history);
        if (reason !== undefined) return { reason };
        if (log.effects?.() !== effects) return { reason: 'replaying repeated an effect' };
        return undefined;
      },
    },
    options,
  );
}

/** Appends events of several keys and types, and gives their ids in order. */
async function fill(log: LogUnderTest, batches: readonly number[]): Promise<string[]> {
  const bus = createTestBus();
  const ids: string[] = [];
  for (const size of batches) {
    for (let n = 0; n < size; n += 1) {
      await bus.publish(n % 2 === 0 ? 'law.even' : 'law.odd', { n: ids.length + n }, { key: `k${n % 3}` });
    }
    const events = bus.publishedEvents().slice(ids.length);
    await log.append(events);
    ids.push(...events.map(({ id }) => id));
  }
  return ids;
}

async function judge(
  log: LogUnderTest,
  ids: readonly string[],
  { breakAfter, fromRecord }: ReplayHistory,
): Promise<string | undefined> {
  const all = await read(log, {});
  const whole = difference(all, ids, 'the whole log');
  if (whole !== undefined) return whole;
  const unordered = all.findIndex(({ position }, at) => position <= (all[at - 1]?.position ?? -Infinity));
  if (unordered !== -1) return `record ${unordered + 1} has a position that is not after the one before it`;

  const broken = all[breakAfter]?.position;
  if (broken !== undefined) {
    const first = await read(log, { to: broken });
    const rest = await read(log, { from: broken + 1 });
    const resumed = difference(
      [...first, ...rest],
      ids,
      `a replay broken off after record ${breakAfter + 1}`,
    );
    if (resumed !== undefined) return resumed;
  }
  const from = all[fromRecord]?.position;
  if (from !== undefined) {
    const tail = difference(
      await read(log, { from }),
      ids.slice(fromRecord),
      `a replay from record ${fromRecord + 1}`,
    );
    if (tail !== undefined) return tail;
  }
  return difference(await read(log, {}), ids, 'the whole log, once more');
}

async function read(log: LogUnderTest, range: ReplayRange): Promise<Replayed[]> {
  const records: Replayed[] = [];
  for await (const record of await log.replay(range)) records.push(record);
  return records;
}

function difference(records: readonly Replayed[], ids: readonly string[], what: string): string | undefined {
  const at = ids.findIndex((id, index) => records[index]?.event.id !== id);
  if (at !== -1) {
    const found = records[at] === undefined ? 'nothing' : `event ${ids.indexOf(records[at].event.id) + 1}`;
    return `${what} gives ${found} where event ${at + 1} of ${ids.length} belongs`;
  }
  return records.length > ids.length
    ? `${what} gives ${records.length} events, not ${ids.length}`
    : undefined;
}
