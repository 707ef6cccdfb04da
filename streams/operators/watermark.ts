/**
 * A mark in a stream: no value with an event time below `time` is still expected.
 *
 * Watermarks travel in band, between the values, so that they stay in step with them through every
 * operator and cost nothing per value. An operator that knows event time consumes them and passes its
 * own on; `withoutWatermarks()` takes them out for the rest of the pipeline.
 */
export class Watermark {
  // Makes the type nominal: any value with a `time` would pass for a watermark otherwise, events first.
  declare protected readonly brand: 'watermark';
  /** Milliseconds since the Unix epoch. */
  readonly time: number;

  constructor(time: number) {
    this.time = time;
  }
}
