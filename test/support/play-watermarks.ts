import { Subject } from 'rxjs';
import { Watermark, type WatermarkOptions, withWatermarks } from 'breakwater/streams';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';

export interface Sourced {
  readonly time: number;
  readonly source: string;
}

/** Feeds values by hand; `marks` gives the watermarks since it was last asked. */
export function playWatermarks(options: WatermarkOptions<Sourced> = {}) {
  const clock = createVirtualClock({ now: 1_000_000 });
  const values = new Subject<Sourced>();
  let marks: number[] = [];
  const subscription = values.pipe(withWatermarks({ clock, ...options })).subscribe((item) => {
    if (item instanceof Watermark) marks.push(item.time);
  });
  return {
    clock,
    subscription,
    push: (time: number, source = 'a') => values.next({ time, source }),
    marks: () => {
      const seen = marks;
      marks = [];
      return seen;
    },
  };
}

/** Each source has a watermark of its own. */
export const bySource = { source: ({ source }: Sourced) => source };
