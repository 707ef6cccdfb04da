import type { Subscriber } from 'rxjs';
import { overlapping, type Session } from '../windows/session.ts';
import { TimeHeap } from '../queue/time-heap.ts';
import type { Watermark } from './watermark.ts';
import type { WindowSettings } from './window-options.ts';
import { resultId, type WindowKey, type WindowResult, type WindowTiming } from './window-result.ts';
import { WindowStage } from './window-stage.ts';

/** A result of a session, which says also what it takes the place of. */
export type SessionResult<K, R> = WindowResult<K, R> & {
  /**
   * Ids of earlier results that no longer hold: a late value has merged their sessions into this one, or has
   * moved its start. Empty as a rule.
   */
  readonly replaces: readonly string[];
};

/**
 * Windows made by the values: each key's sessions, sorted by time, never overlapping.
 *
 * Each session is due at its end or earlier; when its time comes and its end has moved on, it is put back. So
 * a value that prolongs a session moves nothing in the heap.
 */
export class SessionWindows<T, R, K extends WindowKey> extends WindowStage<T, R, K> {
  readonly #gapMs: number;
  readonly #sessions = new Map<K, Session<K>[]>();
  readonly #due = new TimeHeap<Session<K>>();
  /** Sessions whose early results wait for the end of a burst. */
  #waiting = new Set<Session<K>>();
  #open = 0;

  constructor(
    settings: WindowSettings<T, R, K>,
    output: Subscriber<WindowResult<K, R> | Watermark>,
    gapMs: number,
  ) {
    super(settings, output);
    this.#gapMs = gapMs;
  }

  protected override take(key: K, time: number): boolean {
    const session = this.#sessionFor(key, time, time + this.#gapMs);
    if (session === undefined) return false;
    const pending = this.aggregates.add(session.slot, time);
    if (session.closed) this.#emitSession(session, 'late');
    else if (pending >= this.settings.everyCount) this.#emitEarly(session);
    if (this.#open > this.settings.maxOpenWindows) this.#evictExcess();
    return true;
  }

  protected override close(): void {
    const { allowedLatenessMs } = this.settings;
    while (this.#due.nextTime <= this.time) {
      const due = this.#due.nextTime;
      const session = this.#due.pop();
      if (session === undefined || this.output.closed) break;
      if (session.due !== due) continue;
      if (session.end > due) {
        this.#await(session, session.end);
        continue;
      }
      if (!session.closed) {
        session.closed = true;
        this.#emitSession(session, 'on-time');
      }
      const done = session.end + allowedLatenessMs;
      if (done <= this.time) this.#drop(session);
      else this.#await(session, done);
    }
  }

  protected override fireEarly(): void {
    for (const sessions of this.#sessions.values()) {
      for (const session of sessions) {
        if (this.output.closed) return;
        if (!session.closed && this.aggregates.pending(session.slot) > 0) this.#emitSession(session, 'early');
      }
    }
  }

  protected override endBurst(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const session of waiting) {
      // A session that is gone has lost its slot, perhaps to another.
      if (session.closed || Number.isNaN(session.due)) continue;
      if (this.aggregates.pending(session.slot) > 0) this.#emitSession(session, 'early');
    }
  }

  /** The session that holds [start, end), made, prolonged or merged for it; `undefined` if it comes too late. */
  #sessionFor(key: K, start: number, end: number): Session<K> | undefined {
    const sessions = this.#sessions.get(key) ?? [];
    const { from, to } = overlapping(sessions, start, end);
    const first = sessions[from];
    if (first === undefined || from === to) {
      if (end + this.settings.allowedLatenessMs <= this.time) return undefined;
      const session = this.#openSession(key, start, end);
      sessions.splice(from, 0, session);
      if (sessions.length === 1) this.#sessions.set(key, sessions);
      return session;
    }
    for (const other of sessions.splice(from + 1, to - from - 1)) this.#absorb(first, other);
    if (start < first.start) {
      this.#outdate(first);
      first.start = start;
    }
    if (end > first.end) first.end = end;
    // Merged or prolonged past the watermark, a session that had closed is open again.
    if (first.closed && first.end > this.time) {
      first.closed = false;
      this.#await(first, first.end);
    }
    return first;
  }

  #openSession(key: K, start: number, end: number): Session<K> {
    const session: Session<K> = {
      key,
      start,
      end,
      slot: this.aggregates.open(),
      lastId: undefined,
      replaces: [],
      closed: end <= this.time,
      due: end,
      mark: this.resume?.open(),
    };
    this.#open += 1;
    this.#await(session, end);
    return session;
  }

  #await(session: Session<K>, due: number): void {
    session.due = due;
    this.#due.push(due, session);
  }

  /** Merges `other`, which lies after `session`, into it. */
  #absorb(session: Session<K>, other: Session<K>): void {
    this.#outdate(other);
    this.aggregates.merge(session.slot, other.slot);
    this.aggregates.close(other.slot);
    session.replaces = [...session.replaces, ...other.replaces];
    session.end = Math.max(session.end, other.end);
    session.mark = this.resume?.merge(session.mark, other.mark);
    other.mark = undefined;
    other.due = NaN;
    this.#open -= 1;
  }

  /** What a session has told under its start no longer holds. Parts that were discarded do. */
  #outdate(session: Session<K>): void {
    if (session.lastId === undefined || this.settings.discarding) return;
    session.replaces = [...session.replaces, session.lastId];
    session.lastId = undefined;
  }

  #emitEarly(session: Session<K>): void {
    if (this.burst === undefined) {
      this.#emitSession(session, 'early');
      return;
    }
    this.#waiting.add(session);
    this.awaitBurst(this.burst);
  }

  #emitSession(session: Session<K>, timing: WindowTiming): void {
    const { key, slot, start, end, replaces } = session;
    const revision = this.aggregates.revision(slot);
    session.lastId = resultId(this.settings.name, start, key, revision);
    session.replaces = [];
    this.aggregates.told(slot);
    this.emit({ key, slot, start, end, revision }, timing, replaces);
    if (this.settings.discarding) this.aggregates.clear(slot);
  }

  /** Puts out the sessions that close first, until no more are open than may be. */
  #evictExcess(): void {
    while (this.#open > this.settings.maxOpenWindows) {
      const at = this.#due.nextTime;
      const session = this.#due.pop();
      if (session === undefined) return;
      if (session.due !== at) continue;
      const due = session.closed ? session.end + this.settings.allowedLatenessMs : session.end;
      if (due > this.#due.nextTime) {
        this.#await(session, due);
        continue;
      }
      const { key, slot, start, end, replaces } = session;
      const told = { key, slot, start, end, revision: this.aggregates.revision(slot) };
      this.evict(told, replaces);
      this.#drop(session);
    }
  }

  #drop(session: Session<K>): void {
    session.due = NaN;
    this.#open -= 1;
    this.aggregates.close(session.slot);
    const sessions = this.#sessions.get(session.key) ?? [];
    if (sessions.length <= 1) this.#sessions.delete(session.key);
    else sessions.splice(sessions.indexOf(session), 1);
    this.resume?.close(session.mark);
  }
}
