/** Where a window pipeline that starts anew must take its input up. Plain data, to be stored. */
export interface ResumePoint {
  /** Position of the first input that is still needed. */
  readonly position: number;
  /** The watermark as it was before that input came; for `withWatermarks({ startAt })`. */
  readonly watermark: number;
  /** Up to here all results have been given: the watermark when the point was told. */
  readonly told: number;
}

/** An input, and the watermark before it. */
export type InputPoint = Omit<ResumePoint, 'told'>;

/** An open window, as the tracker knows it: where its first value lies. */
export interface OpenMark {
  readonly point: InputPoint;
  readonly order: number;
  previous: OpenMark | undefined;
  next: OpenMark | undefined;
}

/**
 * Follows from which input on all open windows can be built again.
 *
 * Windows open in the order of their first inputs, so the oldest open one tells: a linked list in order of
 * opening. O(1) each.
 */
export class ResumeTracker {
  readonly #report: (point: ResumePoint) => void;
  #oldest: OpenMark | undefined;
  #newest: OpenMark | undefined;
  #last: InputPoint | undefined;
  #reported: InputPoint | undefined;
  #order = 0;

  constructor(report: (point: ResumePoint) => void) {
    this.#report = report;
  }

  /** What is needed from: the input that opened the oldest, with nothing open the last. */
  get needed(): InputPoint | undefined {
    return this.#oldest?.point ?? this.#last;
  }

  /** An input at `position` comes; the watermark before it is `watermark`. */
  see(position: number, watermark: number): void {
    this.#last = { position, watermark };
  }

  /** A window opens with the input seen last. */
  open(): OpenMark {
    const point = this.#last ?? { position: 0, watermark: -Infinity };
    const mark: OpenMark = { point, order: this.#order, previous: this.#newest, next: undefined };
    this.#order += 1;
    if (this.#newest === undefined) this.#oldest = mark;
    else this.#newest.next = mark;
    this.#newest = mark;
    return mark;
  }

  /** A window without a mark opened where nothing was followed. */
  close(mark: OpenMark | undefined): void {
    if (mark === undefined) return;
    if (mark.previous === undefined) this.#oldest = mark.next;
    else mark.previous.next = mark.next;
    if (mark.next === undefined) this.#newest = mark.previous;
    else mark.next.previous = mark.previous;
  }

  /** Two windows become one: keeps the mark that opened first. */
  merge(one: OpenMark | undefined, other: OpenMark | undefined): OpenMark | undefined {
    if (one === undefined || other === undefined) return one ?? other;
    const [kept, gone] = one.order < other.order ? [one, other] : [other, one];
    this.close(gone);
    return kept;
  }

  /**
   * Says where to resume, if that has changed; results up to the watermark `told` have been given. With
   * nothing open, at the last input: it may come again.
   */
  report(told: number): void {
    const point = this.needed;
    if (point === undefined || point === this.#reported) return;
    this.#reported = point;
    this.#report({ ...point, told });
  }
}
