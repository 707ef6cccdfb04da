import fc from 'fast-check';

/** A value with what the tests of windows need. */
export interface Reading {
  readonly time: number;
  readonly key: string;
  readonly amount: number;
}

/** What a window holds of a key, found by looking at all readings. */
export interface NaiveWindow {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly n: number;
  readonly total: number;
}

/** Readings in any order, within a span short enough for windows to overlap and times to coincide. */
export const readings: fc.Arbitrary<readonly Reading[]> = fc.array(
  fc.record({
    time: fc.integer({ min: 0, max: 120 }),
    key: fc.constantFrom('a', 'b', '__proto__'),
    amount: fc.integer({ min: -1_000, max: 1_000 }),
  }),
  { maxLength: 40, size: 'max' },
);

/** Every window [start, start + size) with start a multiple of `hopMs`, for each key that has readings in it. */
export function naiveHopping(all: readonly Reading[], sizeMs: number, hopMs: number): NaiveWindow[] {
  const windows: NaiveWindow[] = [];
  const first = Math.floor(-sizeMs / hopMs) * hopMs;
  for (let start = first; start <= 120; start += hopMs) {
    windows.push(
      ...totals(
        all.filter(({ time }) => time >= start && time < start + sizeMs),
        start,
        start + sizeMs,
      ),
    );
  }
  return sorted(windows);
}

/** The sessions of each key: sorted by time, cut where `gapMs` or more lie between. */
export function naiveSessions(all: readonly Reading[], gapMs: number): NaiveWindow[] {
  return sorted(
    keysOf(all).flatMap((key) => {
      const ordered = all.filter((reading) => reading.key === key).toSorted((a, b) => a.time - b.time);
      const sessions: Reading[][] = [];
      for (const reading of ordered) {
        const previous = sessions.at(-1)?.at(-1);
        if (previous !== undefined && reading.time - previous.time < gapMs) sessions.at(-1)?.push(reading);
        else sessions.push([reading]);
      }
      return sessions.flatMap((session) =>
        totals(session, session[0]?.time ?? NaN, (session.at(-1)?.time ?? NaN) + gapMs),
      );
    }),
  );
}

/** One order of windows, to compare what came in another. */
export function sorted<W extends Pick<NaiveWindow, 'key' | 'start'>>(windows: readonly W[]): W[] {
  return windows.toSorted((a, b) => a.start - b.start || (a.key < b.key ? -1 : Number(a.key > b.key)));
}

/**
 * The readings in an order in which none comes more than `boundMs` after a later one: sorted by time plus a
 * delay of its own.
 */
export function disordered(all: readonly Reading[], boundMs: number, delays: readonly number[]): Reading[] {
  const arrivals = all.map((reading, at) => ({
    reading,
    at: reading.time + Math.min(boundMs, delays[at % Math.max(1, delays.length)] ?? 0),
  }));
  return arrivals.toSorted((a, b) => a.at - b.at).map(({ reading }) => reading);
}

function keysOf(all: readonly Reading[]): string[] {
  return [...new Set(all.map(({ key }) => key))];
}

function totals(inside: readonly Reading[], start: number, end: number): NaiveWindow[] {
  return keysOf(inside).map((key) => {
    const own = inside.filter((reading) => reading.key === key);
    return { key, start, end, n: own.length, total: own.reduce((total, { amount }) => total + amount, 0) };
  });
}
