/** An event of the log that a subscription has taken and not settled: a link of the cursor's chain. */
export interface OpenPlace {
  /** Its position. */
  at: number;
  /** Which attempt is next, 1 for the first. */
  readonly attempt: number;
  before: OpenPlace | undefined;
  after: OpenPlace | undefined;
}

/** A position that is not settled, though later ones are. */
export interface OpenPosition {
  readonly position: number;
  /** Attempts that failed. */
  readonly failed: number;
}

/** How far a subscription has come: all up to `position` is settled but for `open`, and beyond it `ahead` is. */
export interface CursorRecord {
  readonly position: number;
  /** Ascending. Those above `position` were tried before their turn, and failed. */
  readonly open: readonly OpenPosition[];
  /** Ascending, all above `position`. */
  readonly ahead: readonly number[];
}

/**
 * Keeps what a subscription has taken from the log and not settled, in the order of the log.
 *
 *     settled … │ open │ settled │ open │ settled │ waiting, running … │ not read yet
 *               └ floor                           └ record().position
 *
 * The invariant: a position that was not settled is never left out of `record`. Taking and settling are O(1);
 * a record is as long as what is open below the highest settled position, which the mailbox bounds.
 */
export class Cursor {
  #first: OpenPlace | undefined;
  #last: OpenPlace | undefined;
  /** The highest position settled in its turn. */
  #high: number;
  /** From the run before, not taken again yet; ascending. */
  #recovering: readonly OpenPosition[];
  /** Taken before their turn, by position; undefined once they are settled. */
  readonly #ahead = new Map<number, OpenPlace | undefined>();
  /** How often the run before tried what it took before its turn, until that comes again. */
  readonly #failed = new Map<number, number>();

  constructor(from: CursorRecord) {
    this.#high = from.position;
    this.#recovering = from.open.filter(({ position }) => position <= from.position);
    for (const { position, failed } of from.open)
      if (position > from.position) this.#failed.set(position, failed);
    for (const position of from.ahead) this.#ahead.set(position, undefined);
  }

  /** What the run before left open, and is to be taken first. */
  get recovering(): readonly OpenPosition[] {
    return this.#recovering;
  }

  /** How many events were taken before their turn. */
  get ahead(): number {
    return this.#ahead.size;
  }

  /** The first `count` of those left open are taken, or gone. */
  recovered(count: number): void {
    this.#recovering = this.#recovering.slice(count);
  }

  /** Takes an event, at a higher position than all before. */
  take(place: OpenPlace): void {
    place.before = this.#last;
    place.after = undefined;
    if (this.#last === undefined) this.#first = place;
    else this.#last.after = place;
    this.#last = place;
  }

  /** Takes an event before its turn. */
  takeAhead(place: OpenPlace): void {
    this.#ahead.set(place.at, place);
  }

  /** Its turn has come: true when the event was taken already. */
  reached(position: number): boolean {
    if (this.#ahead.size === 0 || !this.#ahead.has(position)) return false;
    const place = this.#ahead.get(position);
    this.#ahead.delete(position);
    if (place !== undefined) this.take(place);
    else if (position > this.#high) this.#high = position;
    return true;
  }

  /** How often an event that is taken now was tried by the run before, when it took it before its turn. */
  failedBefore(position: number): number {
    if (this.#failed.size === 0) return 0;
    const failed = this.#failed.get(position) ?? 0;
    this.#failed.delete(position);
    return failed;
  }

  /** An event is settled. */
  settle(place: OpenPlace): void {
    if (this.#ahead.size > 0 && this.#ahead.get(place.at) === place) {
      this.#ahead.set(place.at, undefined);
      return;
    }
    if (place.at > this.#high) this.#high = place.at;
    if (place.before === undefined) this.#first = place.after;
    else place.before.after = place.after;
    if (place.after === undefined) this.#last = place.before;
    else place.after.before = place.before;
  }

  /** An event waits for another attempt: `next` stands where `place` did. */
  replace(place: OpenPlace, next: OpenPlace): void {
    if (this.#ahead.size > 0 && this.#ahead.get(place.at) === place) {
      this.#ahead.set(place.at, next);
      return;
    }
    next.before = place.before;
    next.after = place.after;
    if (place.before === undefined) this.#first = next;
    else place.before.after = next;
    if (place.after === undefined) this.#last = next;
    else place.after.before = next;
  }

  /** Says how far it has come, when all up to `read` has been taken or was not wanted. */
  record(read: number): CursorRecord {
    let position = this.#first === undefined ? Math.max(read, this.#high) : this.#high;
    const open: OpenPosition[] = [];
    let kept = 0;
    for (let place = this.#first; place !== undefined; place = place.after) {
      open.push({ position: place.at, failed: place.attempt - 1 });
      // Also above all that is settled: an event that failed is told with its attempts.
      if (place.attempt > 1 && place.at > position) position = place.at;
      if (place.at <= position) kept = open.length;
    }
    // With nothing settled behind the first that is open, what lies before it is.
    if (kept === 0 && this.#first !== undefined) position = Math.max(position, this.#first.at - 1);
    const ahead: number[] = [];
    const unsettled = [...open.slice(0, kept), ...this.#recovering];
    for (const [at, failed] of this.#failed) {
      if (at > read) unsettled.push({ position: at, failed });
      else this.#failed.delete(at);
    }
    for (const [at, attempted] of this.#ahead) {
      // One whose turn has passed unseen was trimmed, or cannot be read: what is settled of those is forgotten.
      if (attempted === undefined && at <= position) this.#ahead.delete(at);
      else if (attempted === undefined) ahead.push(at);
      else if (attempted.attempt > 1 || at <= read) {
        unsettled.push({ position: at, failed: attempted.attempt - 1 });
      }
    }
    return {
      position,
      open: unsettled.toSorted((a, b) => a.position - b.position),
      ahead: ahead.toSorted((a, b) => a - b),
    };
  }
}
