import type { EventEnvelope } from 'breakwater';
import type { LogUnderTest, Replayed, ReplayRange } from 'breakwater/testing';

type Reader = (records: readonly Replayed[], range: ReplayRange) => Replayed[];

const inRange: Reader = (records, { from = 1, to = Infinity }) =>
  records.filter(({ position }) => position >= from && position <= to);

/** A log in an array; right where `read` is `inRange`. */
export function arrayLog(read: (records: Replayed[]) => Reader = () => inRange): () => LogUnderTest {
  return () => {
    const records: Replayed[] = [];
    const replay = read(records);
    return {
      append(events: readonly EventEnvelope[]) {
        for (const event of events) records.push({ position: records.length + 1, event });
      },
      replay: (range) => replay(records, range),
    };
  };
}

/** Logs whose replays differ from what was appended. */
export const brokenLogs: Readonly<Record<string, () => LogUnderTest>> = {
  'resumes one too late': arrayLog(
    () => (records, range) =>
      inRange(records, range.from === undefined ? range : { ...range, from: range.from + 1 }),
  ),
  'appends what it replays': arrayLog((records) => (all, range) => {
    const found = inRange(all, range);
    const first = found[0];
    if (first !== undefined) records.push({ position: records.length + 1, event: first.event });
    return found;
  }),
  'loses the last record of a page': arrayLog(
    () => (records, range) => inRange(records, range).filter(({ position }) => position % 8 !== 0),
  ),
  'replays the newest first': arrayLog(() => (records, range) => inRange(records, range).toReversed()),
  'gives the first replay again': arrayLog(() => {
    let cached: Replayed[] | undefined;
    return (records, range) => (cached ??= inRange(records, range));
  }),
  'repeats its effects': () => {
    const log = arrayLog()();
    let effects = 0;
    return {
      ...log,
      replay: (range) => {
        effects += 1;
        return log.replay(range);
      },
      effects: () => effects,
    };
  },
};
