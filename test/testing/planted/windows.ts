import { map, pipe, skipLast, type OperatorFunction } from 'rxjs';
import { collect, tumblingWindow, withoutWatermarks, withWatermarks } from 'breakwater/streams';
import type { WindowHolding, WindowSample, WindowUnderTest } from 'breakwater/testing';

interface Changes {
  readonly bound?: (boundMs: number) => number;
  readonly time?: (sample: WindowSample) => number;
  readonly key?: (sample: WindowSample) => string;
  readonly max?: number;
  readonly sizeMs?: number;
}

/** Windows of 10 ms by key; right where nothing is changed. */
export function perTenWindow(changes: Changes = {}): WindowUnderTest {
  const { bound = (ms) => ms, time = (s) => s.time, key = (s) => s.key, max = 1_000, sizeMs = 10 } = changes;
  return (boundMs): OperatorFunction<WindowSample, WindowHolding> =>
    pipe(
      withWatermarks<WindowSample>({ boundMs: Math.max(0, bound(boundMs)) }),
      tumblingWindow({ sizeMs, time, key, aggregate: { samples: collect<WindowSample>({ max }) } }),
      withoutWatermarks(),
    );
}

export function perTenOf(time: number): readonly (readonly [number, number])[] {
  const start = time - (time % 10);
  return [[start, start + 10]];
}

/** Windows that lose values, or put them where they are not. */
export const brokenWindows: Readonly<Record<string, WindowUnderTest>> = {
  'takes the end of a window for a part of it': perTenWindow({ time: (s) => Math.max(0, s.time - 1) }),
  'waits for nobody': perTenWindow({ bound: () => 0 }),
  'waits a tenth too short': perTenWindow({ bound: (ms) => Math.floor(ms * 0.9) }),
  'mixes the keys': perTenWindow({ key: () => 'a' }),
  'keeps three values at most': perTenWindow({ max: 3 }),
  'is of the wrong size': perTenWindow({ sizeMs: 20 }),
  'forgets the window that is open at the end': (boundMs) => pipe(perTenWindow()(boundMs), skipLast(1)),
  'goes by the order of arrival': (boundMs) => {
    let at = 0;
    return pipe(
      map((sample: WindowSample) => ({ ...sample, time: (at += 1) })),
      perTenWindow()(boundMs),
    );
  },
};
